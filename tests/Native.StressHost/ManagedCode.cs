using System.Runtime.CompilerServices;

namespace StreamGateway.Native.StressHost;

/// <summary>What .NET threads do between calls: a loop that can be suspended, garbage, and now and then a null reference.</summary>
internal static class ManagedCode
{
    private const int Steps = 2000;
    private static volatile byte[]? s_garbage;

    public static void Run(long round)
    {
        var sum = 0;
        for (var i = 0; i < Steps; i++)
        {
            sum += i * (int)round;
        }

        Allocate(sum & 0xff);
        if (round % 4 != 0)
        {
            return;
        }

        try
        {
            LengthOf(null!);
        }
        catch (NullReferenceException)
        {
            Interlocked.Increment(ref Figures.NullReferences);
        }
    }

    public static void Allocate(int size) => s_garbage = new byte[size];

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LengthOf(string text) => text.Length;
}
