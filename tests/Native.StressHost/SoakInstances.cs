using System.Runtime.CompilerServices;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.StressHost;

/// <summary>The plugin instances in use: one after the other is replaced, and ends in one of several ways.</summary>
internal sealed class SoakInstances(SoakOptions options, CountingLoggers loggers)
{
    private const int Slots = 4;
    private const int GoSlot = 0;
    private static readonly PluginConfig Config = new()
    {
        LogLevel = PluginLogLevel.Debug,
        MaxConcurrentOps = 0,
        ShutdownTimeout = TimeSpan.FromSeconds(30),
    };

    private readonly Plugin?[] _current = new Plugin?[Slots];
    private readonly List<Task<bool>> _completions = [];

    public void Start()
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            Replace(slot);
        }
    }

    /// <summary>One to call now; it may be stopped at any moment.</summary>
    public Plugin Pick(long number) => Volatile.Read(ref _current[number % Slots])!;

    /// <summary>Replaces instances until told to stop. The old one is disposed, by three at once, or forgotten.</summary>
    public void ComeAndGo(Func<bool> isOver)
    {
        SignalStorm.Register();
        for (var round = 0; !isOver(); round++)
        {
            // The Go library takes longer to start; its turn comes less often.
            var slot = round % 50 == 0 ? GoSlot : 1 + round % (Slots - 1);
            var old = _current[slot]!;
            Replace(slot);
            End(old, round);
            old = null;
        }

        SignalStorm.Unregister();
    }

    public void ChangeLevels(Func<bool> isOver)
    {
        SignalStorm.Register();
        for (var round = 0; !isOver(); round++)
        {
            try
            {
                // Mostly quiet, or the lines would be all there is.
                Pick(round).LogLevel = round % 64 == 0 ? PluginLogLevel.Debug : PluginLogLevel.Warn;
                Interlocked.Increment(ref Figures.LevelChanges);
            }
            catch (ObjectDisposedException)
            {
                Interlocked.Increment(ref Figures.Refused);
            }

            Thread.Yield();
        }

        SignalStorm.Unregister();
    }

    /// <summary>Disposes what is left and answers how every instance of the run has ended.</summary>
    public async Task<bool[]> EndAllAsync()
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            await _current[slot]!.DisposeAsync();
            _current[slot] = null;
        }

        var all = Task.WhenAll(_completions);
        while (!all.IsCompleted)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.WhenAny(all, Task.Delay(10));
        }

        return await all;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Replace(int slot)
    {
        var path = slot == GoSlot ? options.Library ?? options.Plugin : options.Plugin;
        var plugin = NativePluginLoader.Load(path, Config, loggers);
        _completions.Add(plugin.Completion);
        Volatile.Write(ref _current[slot], plugin);
        Interlocked.Increment(ref Figures.Instances);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void End(Plugin plugin, int round)
    {
        switch (round % 4)
        {
            case 0:
                plugin.Dispose();
                break;
            case 1:
                Parallel.Invoke(plugin.Dispose, plugin.Dispose, () => plugin.DisposeAsync().AsTask().Wait());
                break;
            case 2:
                _ = plugin.StopAsync();
                break;
            default:
                // Forgotten: the finalizer has to find it.
                break;
        }
    }
}
