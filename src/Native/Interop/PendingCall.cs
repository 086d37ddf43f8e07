using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Interop;

/// <summary>An asynchronous call that is out. It counts as a call inside its instance until it is settled.</summary>
internal sealed class PendingCall
{
    private readonly PluginHandle _handle;
    private readonly string _tag;
    private readonly TaskCompletionSource<byte[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _counter;
    private int _settled;

    internal PendingCall(PluginHandle handle, string tag)
    {
        _handle = handle;
        _tag = tag;
        _counter = handle.Enter();
    }

    /// <summary>The payload of the answer.</summary>
    internal Task<byte[]> Answer => _answer.Task;

    /// <summary>Settles the call with what the plugin answered.</summary>
    internal void Complete(ReadOnlySpan<byte> envelope, uint errorCode)
    {
        if (!Settle())
        {
            return;
        }

        try
        {
            _answer.TrySetResult(PluginEnvelope.Payload(envelope, errorCode, _tag).ToArray());
        }
        catch (PluginException exception)
        {
            _answer.TrySetException(exception);
        }
    }

    internal void Cancel(CancellationToken cancellationToken)
    {
        if (Settle())
        {
            _answer.TrySetCanceled(cancellationToken);
        }
    }

    internal void Fail(Exception exception)
    {
        Settle();
        _answer.TrySetException(exception);
    }

    /// <summary>The call was never sent: it ends without an answer.</summary>
    internal void Abandon() => Settle();

    private bool Settle()
    {
        if (Interlocked.Exchange(ref _settled, 1) != 0)
        {
            return false;
        }

        _handle.Leave(_counter);
        return true;
    }
}
