using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>The functions plugins log through.</summary>
/// <remarks>
/// The ABI's log callback carries no user data, so each log sink gets a function of its own, from a fixed set. Static
/// functions live as long as the process: a plugin that logs after its shutdown, or after a start that failed, finds no
/// sink and nothing happens. They run on any thread of the plugin, often inside one of our calls.
/// </remarks>
internal static unsafe class LogCallbacks
{
    internal const int Count = 16;

    private static readonly PluginLogSink?[] Sinks = new PluginLogSink?[Count];

    [ThreadStatic]
    private static int depth;

    private static long failures;

    /// <summary>Whether this thread is inside a log callback.</summary>
    internal static bool IsInside => depth > 0;

    /// <summary>Loggers that threw; an exception must not cross into the plugin, so it ends here.</summary>
    internal static long Failures => Interlocked.Read(ref failures);

    internal static void CountFailure() => Interlocked.Increment(ref failures);

    internal static ref PluginLogSink? Sink(int slot) => ref Sinks[slot];

    internal static delegate* unmanaged[Cdecl]<byte, byte*, byte*, nuint, void> Function(int slot) => slot switch
    {
        0 => &Log0,
        1 => &Log1,
        2 => &Log2,
        3 => &Log3,
        4 => &Log4,
        5 => &Log5,
        6 => &Log6,
        7 => &Log7,
        8 => &Log8,
        9 => &Log9,
        10 => &Log10,
        11 => &Log11,
        12 => &Log12,
        13 => &Log13,
        14 => &Log14,
        15 => &Log15,
        _ => throw new ArgumentOutOfRangeException(nameof(slot)),
    };

    private static void Write(int slot, byte level, byte* target, byte* message, nuint length)
    {
        depth++;
        try
        {
            Volatile.Read(ref Sinks[slot])?.Write(level, target, new ReadOnlySpan<byte>(message, checked((int)length)));
        }
        catch
        {
            CountFailure();
        }
        finally
        {
            depth--;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log0(byte level, byte* target, byte* text, nuint size) => Write(0, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log1(byte level, byte* target, byte* text, nuint size) => Write(1, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log2(byte level, byte* target, byte* text, nuint size) => Write(2, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log3(byte level, byte* target, byte* text, nuint size) => Write(3, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log4(byte level, byte* target, byte* text, nuint size) => Write(4, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log5(byte level, byte* target, byte* text, nuint size) => Write(5, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log6(byte level, byte* target, byte* text, nuint size) => Write(6, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log7(byte level, byte* target, byte* text, nuint size) => Write(7, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log8(byte level, byte* target, byte* text, nuint size) => Write(8, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log9(byte level, byte* target, byte* text, nuint size) => Write(9, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log10(byte level, byte* target, byte* text, nuint size) => Write(10, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log11(byte level, byte* target, byte* text, nuint size) => Write(11, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log12(byte level, byte* target, byte* text, nuint size) => Write(12, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log13(byte level, byte* target, byte* text, nuint size) => Write(13, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log14(byte level, byte* target, byte* text, nuint size) => Write(14, level, target, text, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Log15(byte level, byte* target, byte* text, nuint size) => Write(15, level, target, text, size);
}
