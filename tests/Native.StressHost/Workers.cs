using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.StressHost;

/// <summary>The threads that call, poll, allocate and throw.</summary>
internal sealed unsafe class Workers(RtcLibrary library, nint handle)
{
    private const int CallsPerRound = 20;
    private const int PollBytes = 1 << 20;

    private readonly List<Thread> _threads = [];
    private volatile bool _stop;

    public void Start(int count)
    {
        _stop = false;
        for (var i = 0; i < count; i++)
        {
            var seed = i;
            _threads.Add(new Thread(() => Work(seed)) { IsBackground = true, Name = $"worker {i}" });
            _threads[^1].Start();
        }
    }

    /// <summary>False when a thread does not come back.</summary>
    public bool Stop(TimeSpan patience)
    {
        _stop = true;
        var stopped = _threads.All(thread => thread.Join(patience));
        _threads.Clear();
        return stopped;
    }

    public Thread StartPolling()
    {
        var thread = new Thread(Poll) { IsBackground = true, Name = "poll" };
        thread.Start();
        return thread;
    }

    private void Work(int seed)
    {
        SignalStorm.Register();
        fixed (byte* echo = "echo\0"u8, emit = "test.emit\0"u8, log = "test.log\0"u8)
        fixed (byte* message = "{\"message\": \"stress\"}"u8, events = "{\"session\":1,\"count\":50,\"size\":200}"u8, lines = "{\"count\":2,\"size\":1}"u8)
        {
            for (long round = seed; !_stop; round++)
            {
                for (var i = 0; i < CallsPerRound; i++)
                {
                    Call(echo, message, 21);
                }

                Call(emit, events, 35);
                if (round % 8 == 0)
                {
                    Call(log, lines, 20);
                }

                library.CallAsync(handle, echo, message, 21, round % 2 == 0 ? &Completed : null, null);
                ManagedCode.Run(round);
            }
        }

        SignalStorm.Unregister();
    }

    private void Call(byte* tag, byte* request, nuint length)
    {
        var buffer = library.Call(handle, tag, request, length);
        var code = buffer.ErrorCode;
        library.FreeBuffer(&buffer);
        if (code != 0)
        {
            Stress.Fail($"a call answered {code}");
        }

        Interlocked.Increment(ref Figures.Calls);
    }

    /// <summary>Takes records until the library ends, and checks that they follow each other.</summary>
    private void Poll()
    {
        SignalStorm.Register();
        var buffer = (byte*)NativeMemory.Alloc(PollBytes);
        nuint size;
        int result;
        while ((result = library.Poll(handle, buffer, PollBytes, -1, &size)) == 0)
        {
            for (nuint at = 0; at < size;)
            {
                var length = *(uint*)(buffer + at);
                Interlocked.Increment(ref buffer[at + 4] == 1 ? ref Figures.Events : ref Figures.Completions);
                at += 16 + ((length + 7) & ~(nuint)7);
                if (at > size)
                {
                    Stress.Fail("a record is longer than what rtc_poll gave");
                }
            }

            ManagedCode.Allocate(64);
        }

        NativeMemory.Free(buffer);
        if (result != -1)
        {
            Stress.Fail($"rtc_poll answered {result}");
        }

        SignalStorm.Unregister();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Completed(void* context, ulong request, byte* data, nuint length, uint code)
    {
        ManagedCode.Allocate(32);
        Interlocked.Increment(ref Figures.Callbacks);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static void LogLine(byte level, byte* target, byte* message, nuint length)
    {
        SignalStorm.Register(); // the library's thread: managed while it is here
        ManagedCode.Allocate((int)length);
        Interlocked.Increment(ref Figures.LogLines);
    }
}
