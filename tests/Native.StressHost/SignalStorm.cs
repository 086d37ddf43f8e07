using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.StressHost;

/// <summary>Sends .NET's suspension signal to every managed thread, as its garbage collector does, only far more often.</summary>
internal static partial class SignalStorm
{
    private const int SuspensionSignal = 34; // SIGRTMIN with glibc
    private static readonly ConcurrentDictionary<int, bool> Registered = new();

    /// <summary>Called by each thread of ours that runs managed code.</summary>
    public static void Register() => Registered.TryAdd(GetThreadId(), true);

    public static void Unregister() => Registered.TryRemove(GetThreadId(), out _);

    public static void Send()
    {
        var process = Environment.ProcessId;
        foreach (var thread in Registered.Keys)
        {
            SendTo(process, thread);
        }
    }

    /// <summary>Also the threads of the runtime itself: finalizer, pool, tiering.</summary>
    public static void RegisterRuntimeThreads()
    {
        foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                if (File.ReadAllText($"{task}/comm").StartsWith(".NET", StringComparison.Ordinal))
                {
                    Registered.TryAdd(int.Parse(Path.GetFileName(task)), true);
                }
            }
            catch (IOException)
            {
                // The thread has just ended.
            }
        }
    }

    private static void SendTo(int process, int thread)
    {
        if (Kill(process, thread, SuspensionSignal) == 0)
        {
            Interlocked.Increment(ref Figures.Signals);
        }
        else
        {
            Registered.TryRemove(thread, out _);
        }
    }

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int GetThreadId();

    [LibraryImport("libc", EntryPoint = "tgkill")]
    private static partial int Kill(int process, int thread, int signal);
}
