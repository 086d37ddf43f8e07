using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Hosting;

public sealed partial class Plugin
{
    public Task<byte[]> CallAsync(string tag, ReadOnlyMemory<byte> request, CancellationToken cancellationToken = default)
    {
        RequireTag(tag);
        ThrowIfStopped();
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<byte[]>(cancellationToken);
        }

        return HasAsyncCalls ? SendAsync(tag, request, cancellationToken) : CallOnPool(tag, request, cancellationToken);
    }

    public async Task<TResponse?> CallAsync<TRequest, TResponse>(
        string tag, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResponse> responseType,
        CancellationToken cancellationToken = default)
    {
        var payload = await CallAsync(tag, JsonSerializer.SerializeToUtf8Bytes(request, requestType), cancellationToken)
            .ConfigureAwait(false);
        return Deserialize(payload, responseType, tag);
    }

    private Task<byte[]> SendAsync(string tag, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        var call = new PendingCall(_handle, tag, cancellationToken);
        var key = CompletionCallback.Register(call);
        ulong requestId;
        try
        {
            requestId = PluginCalls.CallAsync(_handle, tag, request.Span, key);
        }
        catch
        {
            CompletionCallback.TryRemove(key, out _);
            call.Abandon();
            throw;
        }

        if (requestId == 0)
        {
            CompletionCallback.TryRemove(key, out _);
            call.Abandon();
            return _handle.Api.ReadLastError() is { } reason
                ? Task.FromException<byte[]>(NotTaken(tag, reason))
                : CallOnPool(tag, request, cancellationToken); // The reference exports a stub that takes nothing.
        }

        return cancellationToken.CanBeCanceled ? WithCancellation(call, key, requestId, cancellationToken) : call.Answer;
    }

    private async Task<byte[]> WithCancellation(
        PendingCall call, nint key, ulong requestId, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(
            _ =>
            {
                if (PluginCalls.Cancel(_handle, requestId) && CompletionCallback.TryRemove(key, out var cancelled))
                {
                    cancelled.Cancel();
                }
            },
            null);
        return await call.Answer.ConfigureAwait(false);
    }

    private Task<byte[]> CallOnPool(string tag, ReadOnlyMemory<byte> request, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                using var response = Call(tag, request.Span);
                return response.Payload.ToArray();
            },
            cancellationToken).WaitAsync(cancellationToken);

    private PluginException NotTaken(string tag, string reason) =>
        new(State == PluginState.Active ? PluginErrorCode.TooManyRequests : PluginErrorCode.InvalidState, reason) { Tag = tag };

    private static void RequireTag(string tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        if (tag.Contains('\0'))
        {
            throw new ArgumentException("A type tag holds no NUL.", nameof(tag));
        }
    }
}
