using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Interop;

/// <summary>Calls into a plugin instance. Each is counted while the plugin works.</summary>
/// <remarks>Nothing between entering and leaving can throw: native code raises no exceptions here, and log callbacks catch theirs.</remarks>
internal static unsafe class PluginCalls
{
    /// <param name="handle">The instance.</param>
    /// <param name="tag">A tag with a NUL behind it.</param>
    /// <param name="request">The request.</param>
    internal static FfiBuffer Call(PluginHandle handle, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> request)
    {
        fixed (byte* tagPointer = tag)
        fixed (byte* requestPointer = request)
        {
            handle.Enter();
            var answer = handle.Api.Call(handle.Instance, tagPointer, requestPointer, (nuint)request.Length);
            handle.Leave();
            return answer;
        }
    }

    internal static RbResponse CallRaw(PluginHandle handle, uint messageId, ReadOnlySpan<byte> request)
    {
        fixed (byte* requestPointer = request)
        {
            handle.Enter();
            var answer = handle.Api.CallRaw(handle.Instance, messageId, requestPointer, (nuint)request.Length);
            handle.Leave();
            return answer;
        }
    }

    /// <summary>Submits a call whose completion comes as a callback with <paramref name="key"/>; 0 when it was not taken.</summary>
    internal static ulong CallAsync(PluginHandle handle, string tag, ReadOnlySpan<byte> request, nint key) =>
        Submit(handle, tag, request, CompletionCallback.Function, key);

    /// <summary>Submits a call whose completion comes as a record of <c>rtc_poll</c>; 0 when it was not taken.</summary>
    internal static ulong CallPolled(PluginHandle handle, string tag, ReadOnlySpan<byte> request) =>
        Submit(handle, tag, request, null, 0);

    /// <summary>Starts an instance.</summary>
    /// <exception cref="PluginException">The plugin refused, with its reason where the library tells one.</exception>
    internal static PluginHandle Start(PluginImage image, ReadOnlySpan<byte> config, LogSinkLease? log)
    {
        var plugin = image.Api.Create();
        if (plugin == 0)
        {
            throw Failure(image, "plugin_create answered null.");
        }

        nint instance;
        fixed (byte* configPointer = config)
        {
            instance = image.Api.Init(plugin, configPointer, (nuint)config.Length, log is null ? null : log.Callback);
        }

        if (instance == 0)
        {
            throw Failure(image, image.Api.ReadLastError() is { Length: > 0 } reason ? reason : "plugin_init answered null.");
        }

        image.ProtectSignals();
        return new PluginHandle(image, instance, log);
    }

    // The following need no counting: the answer to a stale id is defined, and the code stays loaded.
    internal static bool Cancel(PluginHandle handle, ulong requestId) =>
        handle.Api.CancelAsync(handle.Instance, requestId) != 0;

    internal static byte GetState(PluginHandle handle) => handle.Api.GetState(handle.Instance);

    internal static ulong GetRejectedCount(PluginHandle handle) => handle.Api.GetRejectedCount(handle.Instance);

    internal static void SetLogLevel(PluginHandle handle, PluginLogLevel level) =>
        handle.Api.SetLogLevel(handle.Instance, (byte)level);

    internal static void Free(PluginHandle handle, ref FfiBuffer buffer)
    {
        fixed (FfiBuffer* pointer = &buffer)
        {
            handle.Api.FreeBuffer(pointer);
        }
    }

    internal static void Free(PluginHandle handle, ref RbResponse response)
    {
        fixed (RbResponse* pointer = &response)
        {
            handle.Api.FreeResponse(pointer);
        }
    }

    private static ulong Submit(
        PluginHandle handle, string tag, ReadOnlySpan<byte> request,
        delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, uint, void> callback, nint key)
    {
        var terminatedTag = new Utf8Argument(tag, stackalloc byte[Utf8Argument.StackSize]);
        try
        {
            fixed (byte* tagPointer = terminatedTag)
            fixed (byte* requestPointer = request)
            {
                handle.Enter();
                var requestId = handle.Api.CallAsync(
                    handle.Instance, tagPointer, requestPointer, (nuint)request.Length, callback, key);
                handle.Leave();
                return requestId;
            }
        }
        finally
        {
            terminatedTag.Dispose();
        }
    }

    private static PluginException Failure(PluginImage image, string reason) =>
        new(PluginErrorCode.InitializationFailed, $"Failed to start {image.Name}: {reason}");
}
