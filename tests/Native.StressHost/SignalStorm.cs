using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

namespace StreamGateway.Native.StressHost;

/// <summary>
/// Sends .NET's suspension signal to every managed thread, as its garbage collector does, and the signal of ended children
/// to every thread of Go, as the kernel may do; both far more often.
/// </summary>
internal static partial class SignalStorm
{
    private const int SuspensionSignal = 34; // SIGRTMIN with glibc
    private const int ChildSignal = 17; // SIGCHLD
    private static readonly ConcurrentDictionary<int, bool> Registered = new();
    private static readonly ConcurrentDictionary<int, bool> OfGo = new();

    /// <summary>Starts a child and sees it end: from here on .NET has a handler for that.</summary>
    public static async Task HearOfChildrenAsync()
    {
        using var child = Process.Start("true");
        await child.WaitForExitAsync();
    }

    /// <summary>Called by each thread of ours that runs managed code.</summary>
    public static void Register() => Registered.TryAdd(GetThreadId(), true);

    public static void Unregister() => Registered.TryRemove(GetThreadId(), out _);

    public static void Send()
    {
        var process = Environment.ProcessId;
        foreach (var thread in Registered.Keys)
        {
            SendTo(process, thread, SuspensionSignal, Registered, ref Figures.Signals);
        }

        foreach (var thread in OfGo.Keys)
        {
            SendTo(process, thread, ChildSignal, OfGo, ref Figures.ChildSignals);
        }
    }

    /// <summary>Also the threads of the two runtimes themselves: finalizer, pool, tiering; and all of Go's.</summary>
    public static void RegisterRuntimeThreads()
    {
        foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                var name = File.ReadAllText($"{task}/comm").TrimEnd();
                var threads = name == "rtc-go" ? OfGo : name.StartsWith(".NET", StringComparison.Ordinal) ? Registered : null;
                threads?.TryAdd(int.Parse(Path.GetFileName(task)), true);
            }
            catch (IOException)
            {
                // The thread has just ended.
            }
        }
    }

    private static void SendTo(int process, int thread, int signal, ConcurrentDictionary<int, bool> threads, ref long sent)
    {
        if (Kill(process, thread, signal) == 0)
        {
            Interlocked.Increment(ref sent);
        }
        else
        {
            threads.TryRemove(thread, out _);
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int GetThreadId();

    [LibraryImport("libc", EntryPoint = "tgkill")]
    private static partial int Kill(int process, int thread, int signal);
}
