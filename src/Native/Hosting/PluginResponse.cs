using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Hosting;

/// <summary>An answer in the plugin's own memory: read it in place, then dispose it, once.</summary>
/// <remarks>Never copy this value: a copy would free the same memory again.</remarks>
public ref struct PluginResponse
{
    private readonly PluginHandle _handle;
    private readonly nuint _length;
    private readonly nuint _capacity;
    private nint _data;

    internal PluginResponse(PluginHandle handle, scoped in FfiBuffer buffer, ReadOnlySpan<byte> payload)
    {
        _handle = handle;
        _data = buffer.Address;
        _length = buffer.Length;
        _capacity = buffer.Capacity;
        Payload = payload;
    }

    /// <summary>The payload's JSON in UTF-8; good until the response is disposed.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    public void Dispose()
    {
        Payload = default;
        if (_data != 0)
        {
            var buffer = new FfiBuffer(_data, _length, _capacity);
            _data = 0;
            PluginCalls.Free(_handle, ref buffer);
        }
    }
}

/// <summary>A binary answer in the plugin's own memory: read it in place, then dispose it, once.</summary>
/// <remarks>Never copy this value: a copy would free the same memory again.</remarks>
public ref struct PluginRawResponse
{
    private readonly PluginHandle _handle;
    private readonly uint _length;
    private readonly uint _capacity;
    private nint _data;

    internal PluginRawResponse(PluginHandle handle, scoped in RbResponse response)
    {
        _handle = handle;
        _data = response.Address;
        _length = response.Length;
        _capacity = response.Capacity;
        Data = response.Span;
    }

    /// <summary>The bytes of the answer; good until the response is disposed.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    public void Dispose()
    {
        Data = default;
        if (_data != 0)
        {
            var response = new RbResponse(_data, _length, _capacity);
            _data = 0;
            PluginCalls.Free(_handle, ref response);
        }
    }
}
