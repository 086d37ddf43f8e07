using System.Buffers;
using System.Text.Json.Serialization.Metadata;

namespace StreamGateway.Native.Hosting;

/// <summary>A running plugin instance.</summary>
/// <remarks>
/// Safe from any thread. Requests and answers are JSON; the answer is the payload alone. After disposal every call throws
/// <see cref="ObjectDisposedException"/>; <see cref="State"/> says <see cref="PluginState.Stopping"/>, then <see cref="PluginState.Stopped"/>.
/// </remarks>
public interface IPlugin : IAsyncDisposable, IDisposable
{
    /// <summary>Full path of the library.</summary>
    string Path { get; }

    PluginState State { get; }

    /// <summary>Requests refused because too many ran, since the start; keeps its last value after disposal.</summary>
    ulong RejectedRequestCount { get; }

    /// <summary>Calls there have been, those refused by the plugin and those still running included.</summary>
    long CallCount { get; }

    /// <summary>Calls that have not come back yet.</summary>
    long CallsInFlight { get; }

    /// <summary>
    /// Completes once the instance has stopped, also when nobody asked and it was forgotten; true when it did so cleanly.
    /// Holds on to nothing of the plugin.
    /// </summary>
    Task<bool> Completion { get; }

    /// <summary>Whether the library takes binary messages.</summary>
    bool HasBinaryTransport { get; }

    /// <summary>Whether the library runs asynchronous calls itself; otherwise they take a thread of the pool.</summary>
    bool HasAsyncCalls { get; }

    /// <summary>How much the plugin logs; some libraries share one level among their instances. Changes at once.</summary>
    PluginLogLevel LogLevel { get; set; }

    /// <summary>Calls with JSON text and answers the payload's JSON text.</summary>
    /// <exception cref="PluginException">The plugin refused.</exception>
    string Call(string tag, string request);

    /// <summary>Calls with UTF-8 and copies the payload to a writer.</summary>
    /// <exception cref="PluginException">The plugin refused.</exception>
    void Call(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> request, IBufferWriter<byte> payload);

    /// <summary>Calls with UTF-8; the answer stays in the plugin's memory until disposed. Allocates nothing.</summary>
    /// <exception cref="PluginException">The plugin refused.</exception>
    PluginResponse Call(ReadOnlySpan<byte> tag, ReadOnlySpan<byte> request);

    /// <summary>Calls with a value and answers one. A null payload is the default of <typeparamref name="TResponse"/>.</summary>
    /// <exception cref="PluginException">The plugin refused, or its payload is not a <typeparamref name="TResponse"/>.</exception>
    TResponse? Call<TRequest, TResponse>(
        string tag, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResponse> responseType);

    /// <summary>Sends a binary message; the answer must have exactly the size of <typeparamref name="TResponse"/>. Allocates nothing.</summary>
    /// <exception cref="PluginException">The plugin refused, or its answer has another size.</exception>
    /// <exception cref="NotSupportedException">The library has no binary transport.</exception>
    void CallRaw<TRequest, TResponse>(uint messageId, in TRequest request, out TResponse response)
        where TRequest : unmanaged
        where TResponse : unmanaged;

    /// <summary>Sends a binary message; the answer, of any size, stays in the plugin's memory until disposed.</summary>
    /// <exception cref="PluginException">The plugin refused.</exception>
    /// <exception cref="NotSupportedException">The library has no binary transport.</exception>
    PluginRawResponse CallRaw(uint messageId, ReadOnlySpan<byte> request);

    /// <summary>Calls without holding a thread where the library can; answers the payload's UTF-8.</summary>
    /// <exception cref="PluginException">The plugin refused.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the plugin was asked to stop, where it can.</exception>
    Task<byte[]> CallAsync(string tag, ReadOnlyMemory<byte> request, CancellationToken cancellationToken = default);

    /// <inheritdoc cref="CallAsync(string, ReadOnlyMemory{byte}, CancellationToken)"/>
    Task<TResponse?> CallAsync<TRequest, TResponse>(
        string tag, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResponse> responseType,
        CancellationToken cancellationToken = default);

    /// <summary>Refuses new calls, waits for those in flight, then stops the plugin; each may take the shutdown timeout.</summary>
    /// <returns>False when the plugin says that its stop failed, or did not come back in time.</returns>
    Task<bool> StopAsync();
}
