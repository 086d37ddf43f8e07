using System.Text.Json;

namespace StreamGateway.Native.Hosting;

/// <summary>How to start a plugin. Null means that the plugin decides.</summary>
public sealed record PluginConfig
{
    /// <summary>The plugin's own configuration, a JSON value; it may hold secrets and is never logged.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>One-time parameters of the start, a JSON value.</summary>
    public JsonElement? InitParams { get; init; }

    /// <summary>Threads of the plugin's own runtime, at least 1.</summary>
    public int? WorkerThreads { get; init; }

    public PluginLogLevel? LogLevel { get; init; }

    /// <summary>Requests that may run at once; further ones are refused and counted. 0 means no limit.</summary>
    public int? MaxConcurrentOps { get; init; }

    /// <summary>How long a stop may take: first waiting for calls in flight, then the plugin's own shutdown. At most a day.</summary>
    public TimeSpan? ShutdownTimeout { get; init; }

    /// <summary>Names the settings; never their data.</summary>
    public override string ToString() =>
        $"PluginConfig {{ WorkerThreads = {WorkerThreads}, LogLevel = {LogLevel}, MaxConcurrentOps = {MaxConcurrentOps}, ShutdownTimeout = {ShutdownTimeout} }}";

    /// <summary>The JSON that <c>plugin_init</c> takes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of range.</exception>
    public byte[] ToJsonBytes()
    {
        Validate();
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer);
        }

        return buffer.ToArray();
    }

    private void Validate()
    {
        if (WorkerThreads is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(WorkerThreads), WorkerThreads, "A plugin needs at least one worker thread.");
        }

        if (MaxConcurrentOps is < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(MaxConcurrentOps), MaxConcurrentOps, "The limit of concurrent requests is 0 (none) or positive.");
        }

        if (ShutdownTimeout is { } timeout && (timeout < TimeSpan.Zero || timeout > TimeSpan.FromDays(1)))
        {
            throw new ArgumentOutOfRangeException(nameof(ShutdownTimeout), timeout, "The shutdown timeout lies between zero and a day.");
        }

        if (LogLevel is { } level && !Enum.IsDefined(level))
        {
            throw new ArgumentOutOfRangeException(nameof(LogLevel), level, "There is no such log level.");
        }
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();

        // Plugins of the reference expect an object even when there is no configuration.
        writer.WritePropertyName("data"u8);
        if (Data is { } data)
        {
            data.WriteTo(writer);
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        }

        if (InitParams is { } initParams)
        {
            writer.WritePropertyName("init_params"u8);
            initParams.WriteTo(writer);
        }

        if (WorkerThreads is { } threads)
        {
            writer.WriteNumber("worker_threads"u8, threads);
        }

        if (LogLevel is { } level)
        {
            writer.WriteString("log_level"u8, NameOf(level));
        }

        if (MaxConcurrentOps is { } limit)
        {
            writer.WriteNumber("max_concurrent_ops"u8, limit);
        }

        if (ShutdownTimeout is { } timeout)
        {
            writer.WriteNumber("shutdown_timeout_ms"u8, (long)timeout.TotalMilliseconds);
        }

        writer.WriteEndObject();
    }

    private static ReadOnlySpan<byte> NameOf(PluginLogLevel level) => level switch
    {
        PluginLogLevel.Trace => "trace"u8,
        PluginLogLevel.Debug => "debug"u8,
        PluginLogLevel.Info => "info"u8,
        PluginLogLevel.Warn => "warn"u8,
        PluginLogLevel.Error => "error"u8,
        _ => "off"u8,
    };
}
