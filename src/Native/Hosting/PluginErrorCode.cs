namespace StreamGateway.Native.Hosting;

/// <summary>Why a plugin refused or failed. The numbers are the ABI's; an unknown one is kept as it came.</summary>
public enum PluginErrorCode
{
    /// <summary>The plugin is not active, or does not know the handle.</summary>
    InvalidState = 1,

    /// <summary>The library did not load, or the plugin did not start.</summary>
    InitializationFailed = 2,

    /// <summary>The plugin did not stop cleanly.</summary>
    ShutdownFailed = 3,

    /// <summary>The configuration was refused.</summary>
    ConfigError = 4,

    /// <summary>The request or the answer is not the expected JSON.</summary>
    SerializationError = 5,

    /// <summary>The plugin has no such type tag or binary message id.</summary>
    UnknownMessageType = 6,

    /// <summary>The plugin's handler refused the request.</summary>
    HandlerError = 7,

    /// <summary>The plugin's own runtime failed, for example while it shuts down.</summary>
    RuntimeError = 8,

    /// <summary>The request was cancelled.</summary>
    Cancelled = 9,

    /// <summary>The request took too long.</summary>
    Timeout = 10,

    /// <summary>A defect inside the plugin, such as a caught panic.</summary>
    Internal = 11,

    /// <summary>The border between host and plugin was violated, for example by an answer of the wrong size.</summary>
    FfiError = 12,

    /// <summary>The plugin's limit of concurrent requests is reached.</summary>
    TooManyRequests = 13,
}
