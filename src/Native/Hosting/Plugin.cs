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
    private readonly PluginImage _image;
    private readonly PluginHandle _handle;
    private readonly ILogger _logger;
    private readonly TimeSpan _shutdownTimeout;
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
            if (Volatile.Read(ref _stopping) != 0)
            {
                return Completion.IsCompleted ? PluginState.Stopped : PluginState.Stopping;
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

    public long CallCount => _handle.CallCount;

    public long CallsInFlight => _handle.CallsInside;

    public Task<bool> Completion => _handle.Completion;

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

    public PluginResponse Call(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> request) =>
        _handle.Tags.Find(tag) is { } known
            ? CallTerminated(known.AsSpan(0, tag.Length), request)
            : CallWithCopy(tag, request);

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
        PluginCalls.CallRaw(_handle, messageId, MemoryMarshal.AsBytes(new ReadOnlySpan<TRequest>(in request)), out var answer);
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
        PluginCalls.CallRaw(_handle, messageId, request, out var answer);
        return answer.ErrorCode == 0
            ? new PluginRawResponse(_handle, in answer)
            : throw RawFailure(ref answer, messageId, expectedSize: null);
    }

    private PluginResponse Call(string tag, ReadOnlySpan<byte> request)
    {
        ArgumentNullException.ThrowIfNull(tag);
        return _handle.Tags.Find(tag) is { } known
            ? CallTerminated(known.AsSpan(0, known.Length - 1), request)
            : CallWithCopy(Encoding.UTF8.GetBytes(tag), request);
    }

    private PluginResponse CallWithCopy(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> request)
    {
        TagCache.RequireNoNul(tag);
        var tagBytes = new Utf8Argument(tag, stackalloc byte[Utf8Argument.StackSize]);

        // A tag too long for the stack goes back to the pool only after a success: the collector has it otherwise.
        var response = CallTerminated(tagBytes.Span, request);
        tagBytes.Dispose();
        return response;
    }

    // An open response does not count as a call: freeing it needs no handle and is always allowed.
    private PluginResponse CallTerminated(scoped ReadOnlySpan<byte> tag, scoped ReadOnlySpan<byte> request)
    {
        PluginCalls.Call(_handle, tag, request, out var buffer);
        return PluginEnvelope.TryReadPayload(buffer.Span, buffer.ErrorCode, out var payload)
            ? new PluginResponse(_handle, in buffer, payload)
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

    private void ThrowIfStopped() => ObjectDisposedException.ThrowIf(_handle.IsClosing, this);

    private void RequireBinaryTransport()
    {
        if (!_handle.Api.HasBinaryTransport)
        {
            throw new NotSupportedException($"{_image.Name} has no binary transport: plugin_call_raw or rb_response_free is missing.");
        }
    }
}
