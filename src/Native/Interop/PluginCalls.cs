using System.Runtime.CompilerServices;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Interop;

/// <summary>Calls into a plugin instance. Each is counted while the plugin works.</summary>
/// <remarks>Nothing between entering and leaving can throw: native code raises no exceptions here, and log callbacks catch theirs.</remarks>
internal static unsafe class PluginCalls
{
    // Answers are never copied whole: the plugin has just written them field by field, and a processor stalls on a wide
    // read of narrow writes. That would cost as much as everything else here.

    /// <param name="handle">The instance.</param>
    /// <param name="tag">A tag with a NUL behind it.</param>
    /// <param name="request">The request.</param>
    /// <param name="answer">To be given back with Free, once.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Call(PluginHandle handle, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> request, out FfiBuffer answer)
    {
        fixed (byte* tagPointer = tag)
        fixed (byte* requestPointer = request)
        {
            var counter = handle.Enter();
            var returned = handle.Api.Call(handle.Instance, tagPointer, requestPointer, (nuint)request.Length);
            handle.Leave(counter);
            answer = new FfiBuffer((nint)returned.Data, returned.Length, returned.Capacity, returned.ErrorCode);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CallRaw(PluginHandle handle, uint messageId, ReadOnlySpan<byte> request, out RbResponse answer)
    {
        fixed (byte* requestPointer = request)
        {
            var counter = handle.Enter();
            var returned = handle.Api.CallRaw(handle.Instance, messageId, requestPointer, (nuint)request.Length);
            handle.Leave(counter);
            answer = new RbResponse((nint)returned.Data, returned.Length, returned.Capacity, returned.ErrorCode);
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
        fixed (byte* configPointer = config)
        {
            var plugin = Create(image, configPointer, (nuint)config.Length);
            var instance = image.Api.Init(plugin, configPointer, (nuint)config.Length, log is null ? null : log.Callback);
            if (instance == 0)
            {
                throw Failure(image, "plugin_init");
            }

            image.ProtectSignals();
            return new PluginHandle(image, instance, log);
        }
    }

    // Plugins that are made with their configuration export the second form; the configuration is the same.
    private static nint Create(PluginImage image, byte* config, nuint size)
    {
        var withConfig = image.Api.CreateWithConfig != null;
        var plugin = withConfig ? image.Api.CreateWithConfig(config, size) : image.Api.Create();
        return plugin != 0 ? plugin : throw Failure(image, withConfig ? "plugin_create_with_config" : "plugin_create");
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
        fixed (byte* tagPointer = handle.Tags.Find(tag) ?? NativeText.Terminate(tag))
        fixed (byte* requestPointer = request)
        {
            var counter = handle.Enter();
            var requestId = handle.Api.CallAsync(
                handle.Instance, tagPointer, requestPointer, (nuint)request.Length, callback, key);
            handle.Leave(counter);
            return requestId;
        }
    }

    private static PluginException Failure(PluginImage image, string function) => new(
        PluginErrorCode.InitializationFailed,
        $"Failed to start {image.Name}: {(image.Api.ReadLastError() is { Length: > 0 } reason ? reason : $"{function} answered null.")}");
}
