using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Hosting;

/// <summary>An answer in the plugin's own memory: read it in place, then dispose it, once.</summary>
/// <remarks>Never copy this value: a copy would free the same memory again.</remarks>
public ref struct PluginResponse
{
    private readonly PluginHandle _handle;
    private FfiBuffer _buffer;

    internal PluginResponse(PluginHandle handle, FfiBuffer buffer, ReadOnlySpan<byte> payload)
    {
        _handle = handle;
        _buffer = buffer;
        Payload = payload;
    }

    /// <summary>The payload's JSON in UTF-8; good until the response is disposed.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    public void Dispose()
    {
        Payload = default;
        if (_handle is not null)
        {
            PluginCalls.Free(_handle, ref _buffer);
        }
    }
}

/// <summary>A binary answer in the plugin's own memory: read it in place, then dispose it, once.</summary>
/// <remarks>Never copy this value: a copy would free the same memory again.</remarks>
public ref struct PluginRawResponse
{
    private readonly PluginHandle _handle;
    private RbResponse _response;

    internal PluginRawResponse(PluginHandle handle, RbResponse response)
    {
        _handle = handle;
        _response = response;
        Data = response.Span;
    }

    /// <summary>The bytes of the answer; good until the response is disposed.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    public void Dispose()
    {
        Data = default;
        if (_handle is not null)
        {
            PluginCalls.Free(_handle, ref _response);
        }
    }
}
