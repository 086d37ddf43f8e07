using System.Runtime.CompilerServices;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Interop;

/// <summary>Calls into a plugin instance. Each holds a counted use of the handle while the plugin works.</summary>
internal static unsafe class PluginCalls
{
    internal static FfiBuffer Call(PluginHandle handle, scoped in Utf8Argument tag, ReadOnlySpan<byte> request)
    {
        var used = false;
        try
        {
            handle.DangerousAddRef(ref used);
            fixed (byte* tagPointer = tag)
            fixed (byte* requestPointer = request)
            {
                return handle.Api.Call(handle.Instance, tagPointer, requestPointer, (nuint)request.Length);
            }
        }
        finally
        {
            if (used)
            {
                handle.DangerousRelease();
            }
        }
    }

    internal static RbResponse CallRaw(PluginHandle handle, uint messageId, ReadOnlySpan<byte> request)
    {
        var used = false;
        try
        {
            handle.DangerousAddRef(ref used);
            fixed (byte* requestPointer = request)
            {
                return handle.Api.CallRaw(handle.Instance, messageId, requestPointer, (nuint)request.Length);
            }
        }
        finally
        {
            if (used)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>Submits a call whose completion comes as a callback with <paramref name="key"/>; 0 when it was not taken.</summary>
    internal static ulong CallAsync(PluginHandle handle, string tag, ReadOnlySpan<byte> request, nint key) =>
        Submit(handle, tag, request, CompletionCallback.Function, key);

    /// <summary>Submits a call whose completion comes as a record of <c>rtc_poll</c>; 0 when it was not taken.</summary>
    internal static ulong CallPolled(PluginHandle handle, string tag, ReadOnlySpan<byte> request) =>
        Submit(handle, tag, request, null, 0);

    // A stale id is refused by the plugin, so cancelling needs no counted use.
    internal static bool Cancel(PluginHandle handle, ulong requestId) =>
        handle.Api.CancelAsync(handle.Instance, requestId) != 0;

    private static ulong Submit(
        PluginHandle handle, string tag, ReadOnlySpan<byte> request,
        delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, uint, void> callback, nint key)
    {
        var terminatedTag = new Utf8Argument(tag, stackalloc byte[Utf8Argument.StackSize]);
        var used = false;
        try
        {
            handle.DangerousAddRef(ref used);
            fixed (byte* tagPointer = terminatedTag)
            fixed (byte* requestPointer = request)
            {
                return handle.Api.CallAsync(
                    handle.Instance, tagPointer, requestPointer, (nuint)request.Length, callback, key);
            }
        }
        finally
        {
            if (used)
            {
                handle.DangerousRelease();
            }

            terminatedTag.Dispose();
        }
    }

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

    // Skipping the counted use is sound here: the answer to a stale id is defined, and the code stays loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte GetState(PluginHandle handle) => handle.Api.GetState(handle.Instance);

    internal static ulong GetRejectedCount(PluginHandle handle) => handle.Api.GetRejectedCount(handle.Instance);

    internal static void SetLogLevel(PluginHandle handle, PluginLogLevel level) =>
        handle.Api.SetLogLevel(handle.Instance, (byte)level);

    internal static void Free(PluginApi api, ref FfiBuffer buffer)
    {
        fixed (FfiBuffer* pointer = &buffer)
        {
            api.FreeBuffer(pointer);
        }
    }

    internal static void Free(PluginApi api, ref RbResponse response)
    {
        fixed (RbResponse* pointer = &response)
        {
            api.FreeResponse(pointer);
        }
    }

    private static PluginException Failure(PluginImage image, string reason) =>
        new(PluginErrorCode.InitializationFailed, $"Failed to start {image.Name}: {reason}");
}
