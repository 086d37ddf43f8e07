using System.Runtime.InteropServices;

namespace StreamGateway.Native.Benchmarks;

/// <summary>What the exports cost by themselves: function pointers, no checks, no handles.</summary>
internal sealed unsafe class BarePlugin : IDisposable
{
    private readonly nint _handle;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, Buffer> _call;
    private readonly delegate* unmanaged[Cdecl]<Buffer*, void> _freeBuffer;
    private readonly delegate* unmanaged[Cdecl]<nint, uint, byte*, nuint, Response> _callRaw;
    private readonly delegate* unmanaged[Cdecl]<Response*, void> _freeResponse;
    private readonly delegate* unmanaged[Cdecl]<nint, byte> _getState;
    private readonly delegate* unmanaged[Cdecl]<nint, byte> _shutdown;

    internal BarePlugin(string path)
    {
        var library = NativeLibrary.Load(path);
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        _call = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, Buffer>)Export("plugin_call");
        _freeBuffer = (delegate* unmanaged[Cdecl]<Buffer*, void>)Export("plugin_free_buffer");
        _callRaw = (delegate* unmanaged[Cdecl]<nint, uint, byte*, nuint, Response>)Export("plugin_call_raw");
        _freeResponse = (delegate* unmanaged[Cdecl]<Response*, void>)Export("rb_response_free");
        _getState = (delegate* unmanaged[Cdecl]<nint, byte>)Export("plugin_get_state");
        _shutdown = (delegate* unmanaged[Cdecl]<nint, byte>)Export("plugin_shutdown");
        var create = (delegate* unmanaged[Cdecl]<nint>)Export("plugin_create");
        var init = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, void*, nint>)Export("plugin_init");
        _handle = init(create(), null, 0, null);
    }

    public void Dispose() => _shutdown(_handle);

    internal byte State => _getState(_handle);

    /// <summary>Calls, copies the answer into the caller's memory and frees; answers its length.</summary>
    internal int Call(ReadOnlySpan<byte> terminatedTag, ReadOnlySpan<byte> request, Span<byte> answer)
    {
        fixed (byte* tag = terminatedTag)
        fixed (byte* data = request)
        {
            var buffer = _call(_handle, tag, data, (nuint)request.Length);
            var length = (int)buffer.Length;
            new ReadOnlySpan<byte>(buffer.Data, length).CopyTo(answer);
            _freeBuffer(&buffer);
            return length;
        }
    }

    /// <summary>Calls, copies the answer out and frees.</summary>
    internal void CallRaw(in SmallRequest request, out SmallResponse answer)
    {
        fixed (SmallRequest* data = &request)
        {
            var response = _callRaw(_handle, 1, (byte*)data, (nuint)sizeof(SmallRequest));
            answer = *(SmallResponse*)response.Data;
            _freeResponse(&response);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Buffer
    {
        public byte* Data;
        public nuint Length;
        public nuint Capacity;
        public uint Code;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Response
    {
        public uint Code;
        public uint Length;
        public uint Capacity;
        public byte* Data;
    }
}
