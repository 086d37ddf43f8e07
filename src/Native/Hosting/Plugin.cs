using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Hosting;

/// <inheritdoc cref="IPlugin"/>
public sealed partial class Plugin : IPlugin
{
    // What the ABI says for an absent shutdown_timeout_ms.
    private static readonly TimeSpan DefaultShutdownTimeout = TimeSpan.FromSeconds(5);

    // The plugin keeps its own deadline; ours, a little later, only guards against one that does not.
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(2);

    private readonly PluginImage _image;
    private readonly PluginHandle _handle;
    private readonly ILogger _logger;
    private readonly TimeSpan _shutdownTimeout;
    private readonly TaskCompletionSource<bool> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PluginLogLevel _logLevel;
    private ulong _finalRejectedCount;
    private int _stopping;

    internal Plugin(PluginImage image, PluginHandle handle, PluginConfig? config, ILogger logger)
    {
        _image = image;
        _handle = handle;
        _logger = logger;
        _logLevel = config?.LogLevel ?? PluginLogLevel.Info;
        _shutdownTimeout = config?.ShutdownTimeout ?? DefaultShutdownTimeout;
    }

    public string Path => _image.Path;

    public PluginState State
    {
        get
        {
            if (_handle.IsClosing)
            {
                return _stopped.Task.IsCompleted ? PluginState.Stopped : PluginState.Stopping;
            }

            var state = PluginCalls.GetState(_handle);
            GC.KeepAlive(this);
            return state == byte.MaxValue ? PluginState.Stopped : (PluginState)state;
        }
    }

    public ulong RejectedRequestCount
    {
        get
        {
            if (_handle.IsClosing)
            {
                return Volatile.Read(ref _finalRejectedCount);
            }

            var count = PluginCalls.GetRejectedCount(_handle);
            GC.KeepAlive(this);
            return count;
        }
    }

    public bool HasBinaryTransport => _handle.Api.HasBinaryTransport;

    public bool HasAsyncCalls => _handle.Api.HasAsyncCalls;

    public PluginLogLevel LogLevel
    {
        get => _logLevel;
        set
        {
            ThrowIfStopped();
            _logLevel = value;
            PluginCalls.SetLogLevel(_handle, value);
            GC.KeepAlive(this);
        }
    }

    internal PluginImage Image => _image;

    internal PluginHandle Handle => _handle;

    public string Call(string tag, string request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var requestBytes = new Utf8Argument(request, stackalloc byte[Utf8Argument.StackSize]);
        try
        {
            using var response = Call(tag, requestBytes.Span);
            return Encoding.UTF8.GetString(response.Payload);
        }
        finally
        {
            requestBytes.Dispose();
        }
    }

    public void Call(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> request, IBufferWriter<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        using var response = Call(tag, request);
        payload.Write(response.Payload);
    }

    public PluginResponse Call(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> request)
    {
        RequireTag(tag);
        var tagBytes = new Utf8Argument(tag, stackalloc byte[Utf8Argument.StackSize]);

        // A tag too long for the stack goes back to the pool only after a success: the collector has it otherwise.
        var response = CallTerminated(tagBytes.Span, request);
        tagBytes.Dispose();
        return response;
    }

    public TResponse? Call<TRequest, TResponse>(
        string tag, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResponse> responseType)
    {
        using var response = Call(tag, JsonSerializer.SerializeToUtf8Bytes(request, requestType));
        return Deserialize(response.Payload, responseType, tag);
    }

    public void CallRaw<TRequest, TResponse>(uint messageId, in TRequest request, out TResponse response)
        where TRequest : unmanaged
        where TResponse : unmanaged
    {
        RequireBinaryTransport();
        var answer = PluginCalls.CallRaw(_handle, messageId, MemoryMarshal.AsBytes(new ReadOnlySpan<TRequest>(in request)));
        if (answer.ErrorCode != 0 || answer.Length != (uint)Unsafe.SizeOf<TResponse>())
        {
            throw RawFailure(ref answer, messageId, Unsafe.SizeOf<TResponse>());
        }

        response = MemoryMarshal.Read<TResponse>(answer.Span);
        PluginCalls.Free(_handle, ref answer);
    }

    public PluginRawResponse CallRaw(uint messageId, ReadOnlySpan<byte> request)
    {
        RequireBinaryTransport();
        var answer = PluginCalls.CallRaw(_handle, messageId, request);
        return answer.ErrorCode == 0
            ? new PluginRawResponse(_handle, answer)
            : throw RawFailure(ref answer, messageId, expectedSize: null);
    }

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

    public async Task<bool> StopAsync()
    {
        BeginStop();
        try
        {
            return await _stopped.Task.WaitAsync(StopDeadline).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            StopTimedOut(_logger, _image.Name, StopDeadline);
            return false;
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    public void Dispose()
    {
        BeginStop();

        // Waiting inside a log callback would wait for that very callback.
        if (!LogCallbacks.IsInside && !_stopped.Task.Wait(StopDeadline))
        {
            StopTimedOut(_logger, _image.Name, StopDeadline);
        }
    }

    // First the calls in flight, then the plugin: each may take the whole timeout.
    private TimeSpan StopDeadline => 2 * _shutdownTimeout + StopGrace;

    private void BeginStop()
    {
        if (Interlocked.Exchange(ref _stopping, 1) == 0)
        {
            Volatile.Write(ref _finalRejectedCount, PluginCalls.GetRejectedCount(_handle));
            _handle.BeginClose();

            // A thread of its own: stopping blocks, and the pool may be what the last calls wait for.
            new Thread(Stop) { IsBackground = true, Name = $"stop {_image.Name}" }.Start();
        }
    }

    private void Stop()
    {
        try
        {
            if (!_handle.Drained.Wait(_shutdownTimeout))
            {
                CallsStillInFlight(_logger, _image.Name, _shutdownTimeout);
            }

            Volatile.Write(ref _finalRejectedCount, PluginCalls.GetRejectedCount(_handle));
            var clean = _handle.Stop();
            if (!clean)
            {
                StopFailed(_logger, _image.Name);
            }

            _stopped.TrySetResult(clean);
        }
        catch (Exception exception)
        {
            _stopped.TrySetException(exception);
        }
    }

    private Task<byte[]> SendAsync(string tag, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        var call = new PendingCall(_handle, tag);
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
                    cancelled.Cancel(cancellationToken);
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

    private PluginResponse Call(string tag, ReadOnlySpan<byte> request)
    {
        RequireTag(tag);
        var tagBytes = new Utf8Argument(tag, stackalloc byte[Utf8Argument.StackSize]);

        // A tag too long for the stack goes back to the pool only after a success: the collector has it otherwise.
        var response = CallTerminated(tagBytes.Span, request);
        tagBytes.Dispose();
        return response;
    }

    // An open response does not count as a call: freeing it needs no handle and is always allowed.
    private PluginResponse CallTerminated(scoped ReadOnlySpan<byte> tag, scoped ReadOnlySpan<byte> request)
    {
        var buffer = PluginCalls.Call(_handle, tag, request);
        return PluginEnvelope.TryReadPayload(buffer.Span, buffer.ErrorCode, out var payload)
            ? new PluginResponse(_handle, buffer, payload)
            : throw Failure(ref buffer, tag);
    }

    private PluginException Failure(ref FfiBuffer buffer, ReadOnlySpan<byte> tag)
    {
        var exception = PluginEnvelope.Failure(buffer.Span, buffer.ErrorCode, Encoding.UTF8.GetString(tag));
        PluginCalls.Free(_handle, ref buffer);
        return exception;
    }

    private PluginException RawFailure(ref RbResponse answer, uint messageId, int? expectedSize)
    {
        try
        {
            return answer.ErrorCode != 0
                ? PluginEnvelope.Failure(answer.Span, answer.ErrorCode, $"{messageId}")
                : new PluginException(
                    PluginErrorCode.FfiError, $"The answer has {answer.Length} bytes where {expectedSize} were expected.") { Tag = $"{messageId}" };
        }
        finally
        {
            PluginCalls.Free(_handle, ref answer);
        }
    }

    private static TResponse? Deserialize<TResponse>(ReadOnlySpan<byte> payload, JsonTypeInfo<TResponse> type, string tag)
    {
        try
        {
            return JsonSerializer.Deserialize(payload, type);
        }
        catch (JsonException exception)
        {
            throw new PluginException(
                PluginErrorCode.SerializationError, $"The payload is not a {typeof(TResponse).Name}: {exception.Message}", exception) { Tag = tag };
        }
    }

    private PluginException NotTaken(string tag, string reason) =>
        new(State == PluginState.Active ? PluginErrorCode.TooManyRequests : PluginErrorCode.InvalidState, reason) { Tag = tag };

    private void ThrowIfStopped() => ObjectDisposedException.ThrowIf(_handle.IsClosing, this);

    private static void RequireTag(ReadOnlySpan<byte> tag)
    {
        if (tag.Contains((byte)0))
        {
            throw new ArgumentException("A type tag holds no NUL.", nameof(tag));
        }
    }

    private static void RequireTag(string tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        if (tag.Contains('\0'))
        {
            throw new ArgumentException("A type tag holds no NUL.", nameof(tag));
        }
    }

    private void RequireBinaryTransport()
    {
        if (!_handle.Api.HasBinaryTransport)
        {
            throw new NotSupportedException($"{_image.Name} has no binary transport: plugin_call_raw or rb_response_free is missing.");
        }
    }
}
