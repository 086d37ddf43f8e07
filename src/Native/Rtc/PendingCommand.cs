using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Rtc;

/// <summary>Reads a command's answer. Runs on the poll thread, so what it registers there precedes every later event.</summary>
internal delegate T AnswerReader<out T>(ReadOnlySpan<byte> payload);

/// <summary>A command that is out.</summary>
internal abstract class PendingCommand(string tag, CancellationToken cancellationToken)
{
    protected string Tag => tag;

    protected CancellationToken CancellationToken => cancellationToken;

    internal abstract void Complete(uint errorCode, ReadOnlySpan<byte> envelope);

    internal abstract void Fail(Exception exception);
}

/// <inheritdoc cref="PendingCommand"/>
internal sealed class PendingCommand<T>(string tag, AnswerReader<T> read, CancellationToken cancellationToken)
    : PendingCommand(tag, cancellationToken)
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<T> Answer => _answer.Task;

    internal override void Complete(uint errorCode, ReadOnlySpan<byte> envelope)
    {
        try
        {
            _answer.TrySetResult(read(PluginEnvelope.Payload(envelope, errorCode, Tag)));
        }
        catch (PluginException exception) when (
            exception.Code == PluginErrorCode.Cancelled && CancellationToken.IsCancellationRequested)
        {
            _answer.TrySetCanceled(CancellationToken);
        }
        catch (PluginException exception)
        {
            _answer.TrySetException(RtcErrorReader.Read(exception));
        }
        catch (Exception exception)
        {
            _answer.TrySetException(
                new RtcException(RtcError.Internal, $"The answer of {Tag} could not be read: {exception.Message}", exception) { Command = Tag });
        }
    }

    internal override void Fail(Exception exception) => _answer.TrySetException(exception);
}
