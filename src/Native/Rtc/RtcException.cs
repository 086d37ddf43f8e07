namespace StreamGateway.Native.Rtc;

/// <summary>A command of the RTC library failed, or what it had begun ended badly.</summary>
public sealed class RtcException : Exception
{
    public RtcException(RtcError kind, string message, Exception? inner = null)
        : base(message, inner)
    {
        Kind = kind;
        KindName = RtcErrorNames.NameOf(kind);
    }

    public RtcException(string kindName, string message, Exception? inner = null)
        : base(message, inner)
    {
        Kind = RtcErrorNames.Parse(kindName);
        KindName = kindName;
    }

    /// <summary>What went wrong; decide by this.</summary>
    public RtcError Kind { get; }

    /// <summary>The kind as the library named it, such as <c>ice_failed</c>; stable.</summary>
    public string KindName { get; }

    /// <summary>Where it happened: <c>coordinator</c>, <c>signaling</c>, <c>ice</c>, <c>dtls</c>, <c>media</c> or null.</summary>
    public string? Stage { get; init; }

    /// <summary>The command that failed, such as <c>rtc.join</c>; null when it was no command.</summary>
    public string? Command { get; init; }

    /// <summary>What Stream's coordinator answered, when it was the one that refused.</summary>
    public RtcStreamError? Stream { get; init; }

    /// <summary>What the SFU answered, when it was the one that refused.</summary>
    public RtcSfuError? Sfu { get; init; }
}

/// <summary>An error answer of Stream's coordinator.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stream's own error code; 0 when there was none.</param>
/// <param name="Message">Stream's text.</param>
/// <param name="MoreInfo">A link to Stream's documentation.</param>
public sealed record RtcStreamError(int Status, int Code, string? Message, string? MoreInfo);

/// <summary>An error answer of the SFU.</summary>
/// <param name="Code">The SFU's error code.</param>
/// <param name="Message">The SFU's text.</param>
public sealed record RtcSfuError(int Code, string? Message);
