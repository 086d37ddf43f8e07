using System.Buffers.Binary;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Rtc;

/// <summary>The commands of one engine that are out, by request id.</summary>
/// <remarks>
/// The library names a request only when it takes it, and may complete it at once: sending and registering happen
/// under one lock, which the poll thread takes to look up. Nothing under the lock waits.
/// </remarks>
internal sealed class PendingCommands
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, PendingCommand> _commands = [];
    private bool _finished;

    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _commands.Count;
            }
        }
    }

    /// <summary>The request id, or 0 when the library did not take the command.</summary>
    /// <exception cref="ObjectDisposedException">The engine is stopping.</exception>
    internal ulong Send(PendingCommand command, string tag, ReadOnlySpan<byte> request, PluginHandle handle)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_finished, typeof(RtcEngine));
            var requestId = PluginCalls.CallPolled(handle, tag, request);
            if (requestId != 0)
            {
                _commands.Add(requestId, command);
            }

            return requestId;
        }
    }

    /// <summary>Settles a command. <paramref name="record"/> is its error code, then its envelope. Poll thread only.</summary>
    internal void Complete(ulong requestId, ReadOnlySpan<byte> record)
    {
        PendingCommand? command;
        lock (_lock)
        {
            // Nobody waits for what finalizers give back.
            _commands.Remove(requestId, out command);
        }

        command?.Complete(BinaryPrimitives.ReadUInt32LittleEndian(record), record[sizeof(uint)..]);
    }

    /// <summary>No completion comes any more: what is still out fails.</summary>
    internal void Finish()
    {
        PendingCommand[] left;
        lock (_lock)
        {
            _finished = true;
            left = [.. _commands.Values];
            _commands.Clear();
        }

        foreach (var command in left)
        {
            command.Fail(new RtcException(RtcError.Cancelled, "The RTC engine stopped."));
        }
    }
}
