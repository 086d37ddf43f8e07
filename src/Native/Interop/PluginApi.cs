namespace StreamGateway.Native.Interop;

/// <summary>The functions of the plugin ABI that one library exports.</summary>
/// <remarks>
/// The addresses stay good for the life of the process: libraries are never unloaded. A value, kept where calls begin:
/// one step less on the way into the plugin.
/// </remarks>
internal readonly unsafe struct PluginApi
{
    internal readonly delegate* unmanaged[Cdecl]<nint> Create;
    internal readonly delegate* unmanaged[Cdecl]<nint, byte*, nuint, delegate* unmanaged[Cdecl]<byte, byte*, byte*, nuint, void>, nint> Init;
    internal readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, FfiBuffer> Call;
    internal readonly delegate* unmanaged[Cdecl]<FfiBuffer*, void> FreeBuffer;
    internal readonly delegate* unmanaged[Cdecl]<nint, byte> Shutdown;
    internal readonly delegate* unmanaged[Cdecl]<nint, byte, void> SetLogLevel;
    internal readonly delegate* unmanaged[Cdecl]<nint, byte> GetState;
    internal readonly delegate* unmanaged[Cdecl]<nint, ulong> GetRejectedCount;

    // Optional: null when the library has none of it.
    internal readonly delegate* unmanaged[Cdecl]<byte*, nuint, nint> CreateWithConfig;
    internal readonly delegate* unmanaged[Cdecl]<nint, uint, byte*, nuint, RbResponse> CallRaw;
    internal readonly delegate* unmanaged[Cdecl]<RbResponse*, void> FreeResponse;
    internal readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, uint, void>, nint, ulong> CallAsync;
    internal readonly delegate* unmanaged[Cdecl]<nint, ulong, byte> CancelAsync;
    internal readonly delegate* unmanaged[Cdecl]<byte*> LastError;
    internal readonly delegate* unmanaged[Cdecl]<int> SignalProtect;

    internal PluginApi(SymbolReader symbols)
    {
        Create = (delegate* unmanaged[Cdecl]<nint>)symbols.Required("plugin_create");
        Init = (delegate* unmanaged[Cdecl]<nint, byte*, nuint, delegate* unmanaged[Cdecl]<byte, byte*, byte*, nuint, void>, nint>)symbols.Required("plugin_init");
        Call = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, FfiBuffer>)symbols.Required("plugin_call");
        FreeBuffer = (delegate* unmanaged[Cdecl]<FfiBuffer*, void>)symbols.Required("plugin_free_buffer");
        Shutdown = (delegate* unmanaged[Cdecl]<nint, byte>)symbols.Required("plugin_shutdown");
        SetLogLevel = (delegate* unmanaged[Cdecl]<nint, byte, void>)symbols.Required("plugin_set_log_level");
        GetState = (delegate* unmanaged[Cdecl]<nint, byte>)symbols.Required("plugin_get_state");
        GetRejectedCount = (delegate* unmanaged[Cdecl]<nint, ulong>)symbols.Required("plugin_get_rejected_count");
        CreateWithConfig = (delegate* unmanaged[Cdecl]<byte*, nuint, nint>)symbols.Optional("plugin_create_with_config");
        CallRaw = (delegate* unmanaged[Cdecl]<nint, uint, byte*, nuint, RbResponse>)symbols.Optional("plugin_call_raw");
        FreeResponse = (delegate* unmanaged[Cdecl]<RbResponse*, void>)symbols.Optional("rb_response_free");
        CallAsync = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, uint, void>, nint, ulong>)symbols.Optional("plugin_call_async");
        CancelAsync = (delegate* unmanaged[Cdecl]<nint, ulong, byte>)symbols.Optional("plugin_cancel_async");
        LastError = (delegate* unmanaged[Cdecl]<byte*>)symbols.Optional("rtc_last_error");
        SignalProtect = (delegate* unmanaged[Cdecl]<int>)symbols.Optional("rtc_signal_protect");
    }

    /// <summary>Both halves of binary transport, or it cannot be used.</summary>
    internal bool HasBinaryTransport => CallRaw != null && FreeResponse != null;

    internal bool HasAsyncCalls => CallAsync != null && CancelAsync != null;

    internal string? ReadLastError() => LastError == null ? null : NativeText.ReadTerminated(LastError());
}
