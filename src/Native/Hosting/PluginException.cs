namespace StreamGateway.Native.Hosting;

/// <summary>A plugin did not load, did not start, or did not serve a request.</summary>
public sealed class PluginException : Exception
{
    public PluginException(PluginErrorCode code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>Why; a number without a name is a code newer than this host.</summary>
    public PluginErrorCode Code { get; }

    /// <summary>The code as it came.</summary>
    public uint RawCode => (uint)Code;

    /// <summary>Type tag of the request, or the number of the binary message; null when it was no request.</summary>
    public string? Tag { get; init; }

    /// <summary>The <c>error_details</c> of the answer as JSON text; null when it had none.</summary>
    public string? Details { get; init; }
}
