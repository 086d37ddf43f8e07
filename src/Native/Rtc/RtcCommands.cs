using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Rtc;

/// <summary>Sends commands to the library and waits for their completions, which come through the poll thread.</summary>
/// <remarks>
/// Safe from any thread. The library answers every command exactly once and keeps its own deadlines; cancelling asks
/// it to stop early, and its completion, after everything was undone, decides what the caller sees.
/// </remarks>
internal sealed class RtcCommands(Plugin plugin, PendingCommands pending)
{
    internal PluginHandle Handle => plugin.Handle;

    internal async Task<T> SendAsync<TRequest, T>(
        string tag, TRequest request, JsonTypeInfo<TRequest> requestType, AnswerReader<T> read,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var command = new PendingCommand<T>(tag, read, cancellationToken);
        var requestId = pending.Send(command, tag, JsonSerializer.SerializeToUtf8Bytes(request, requestType), plugin.Handle);
        if (requestId == 0)
        {
            throw NotTaken(tag);
        }

        using var registration = cancellationToken.UnsafeRegister(
            static state =>
            {
                var (handle, id) = ((PluginHandle, ulong))state!;
                PluginCalls.Cancel(handle, id);
            },
            (plugin.Handle, requestId));
        return await command.Answer.ConfigureAwait(false);
    }

    internal Task<T> SendAsync<TRequest, T>(
        string tag, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<T> answerType,
        CancellationToken cancellationToken) =>
        SendAsync(tag, request, requestType, payload => Read(payload, answerType), cancellationToken);

    /// <summary>For commands that answer <c>{}</c>.</summary>
    internal Task SendAsync<TRequest>(
        string tag, TRequest request, JsonTypeInfo<TRequest> requestType, CancellationToken cancellationToken) =>
        SendAsync(tag, request, requestType, static _ => true, cancellationToken);

    internal static T Read<T>(ReadOnlySpan<byte> payload, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(payload, type) ?? throw new JsonException("The payload is null.");

    private RtcException NotTaken(string tag)
    {
        var reason = plugin.Image.Api.ReadLastError() is { Length: > 0 } text ? text : "The library took no command.";
        return new RtcException(
            plugin.State == PluginState.Active ? RtcError.CapacityExceeded : RtcError.Internal, reason) { Command = tag };
    }
}
