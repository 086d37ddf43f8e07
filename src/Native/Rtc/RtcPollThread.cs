using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Rtc;

/// <summary>Drains the records of one librtc instance on a thread of its own, until the instance has ended.</summary>
/// <remarks>The only thread that carries events into .NET: it copies and enqueues, and runs nobody else's code.</remarks>
internal sealed partial class RtcPollThread
{
    private const int InitialBufferSize = 64 * 1024;
    private const int MaxBufferSize = 64 * 1024 * 1024;
    private const int RecordAlignment = 8;

    private static readonly int HeadSize = Unsafe.SizeOf<RtcRecord>();

    private readonly RtcBorder _border;
    private readonly RtcDispatcher _dispatcher;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal RtcPollThread(RtcBorder border, RtcDispatcher dispatcher, ILogger logger)
    {
        _border = border;
        _dispatcher = dispatcher;
        _logger = logger;
    }

    /// <summary>Completes once the last record was dispatched.</summary>
    internal Task Ended => _ended.Task;

    internal void Start() => new Thread(Run) { IsBackground = true, Name = "rtc poll" }.Start();

    private void Run()
    {
        try
        {
            Drain();
        }
        catch (Exception exception)
        {
            PollFailed(_logger, exception);
        }
        finally
        {
            _dispatcher.Finish();
            _ended.TrySetResult();
        }
    }

    private void Drain()
    {
        var buffer = NewBuffer(InitialBufferSize);
        while (true)
        {
            var result = _border.Poll(buffer, timeoutMilliseconds: -1, out var size);
            switch (result)
            {
                case RtcResult.Ok:
                    Dispatch(buffer.AsSpan(0, size));
                    break;
                case RtcResult.TooSmall when size <= MaxBufferSize:
                    buffer = NewBuffer(size);
                    break;
                case RtcResult.Ended:
                    return;
                default:
                    throw new InvalidOperationException($"rtc_poll answered {result} (size {size}).");
            }
        }
    }

    private void Dispatch(ReadOnlySpan<byte> records)
    {
        while (records.Length >= HeadSize)
        {
            var head = MemoryMarshal.Read<RtcRecord>(records);
            var end = HeadSize + checked((int)head.Size);
            DispatchOne(head, records[HeadSize..end]);
            records = records[Math.Min((end + RecordAlignment - 1) & -RecordAlignment, records.Length)..];
        }
    }

    // A record that cannot be read must not stop those behind it.
    private void DispatchOne(in RtcRecord head, ReadOnlySpan<byte> payload)
    {
        try
        {
            _dispatcher.Dispatch(head.Kind, head.Id, payload);
        }
        catch (Exception exception)
        {
            RecordFailed(_logger, exception, head.Kind, head.Id);
        }
    }

    private static byte[] NewBuffer(int size) => GC.AllocateUninitializedArray<byte>(size, pinned: true);

    [LoggerMessage(EventId = 6020, Level = LogLevel.Error, Message = "A native record of kind {Kind} for {Id} could not be read")]
    private static partial void RecordFailed(ILogger logger, Exception exception, RtcRecordKind kind, ulong id);

    [LoggerMessage(EventId = 6021, Level = LogLevel.Critical, Message = "Draining native events failed; every session of this engine has ended for .NET")]
    private static partial void PollFailed(ILogger logger, Exception exception);
}
