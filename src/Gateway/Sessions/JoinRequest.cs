using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using StreamGateway.Json;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Sessions;

/// <summary>How to join a call. What is left out is decided by the native library.</summary>
internal sealed record JoinRequest : IValidatableObject
{
    /// <summary>The call's type, such as <c>default</c>.</summary>
    [Pattern(Identifiers.CallTypePattern, Identifiers.CallTypeRule)]
    public string? CallType { get; init; }

    [Pattern(Identifiers.Pattern, Identifiers.Rule)]
    public string? CallId { get; init; }

    /// <summary><c>type:id</c>, instead of <c>call_type</c> and <c>call_id</c>.</summary>
    [StringLength(320, ErrorMessage = Identifiers.CidRule)]
    public string? CallCid { get; init; }

    /// <summary>
    /// Who joins. Stream creates who is not there yet; of who is, what is named here is changed, which needs the scope <c>rest</c>,
    /// and nothing else.
    /// </summary>
    public JoinUser? User { get; init; }

    /// <summary>Instead of <c>user</c>, when the id is all there is to say.</summary>
    [Pattern(Identifiers.Pattern, Identifiers.Rule)]
    public string? UserId { get; init; }

    /// <summary>Whether to create the call when there is none (the default), or the <c>data</c> of Stream's GetOrCreateCall to create it with.</summary>
    public JsonElement? Create { get; init; }

    /// <summary>Whether to ring the other members.</summary>
    public bool? Ring { get; init; }

    /// <summary>Whether to notify the other members.</summary>
    public bool? Notify { get; init; }

    /// <summary>Which tracks of others to receive; by default all audio and no video.</summary>
    public SubscribeRequest? Subscribe { get; init; }

    public ReconnectRequest? Reconnect { get; init; }

    /// <summary>Leave by itself after being alone for so long, in milliseconds.</summary>
    [Range(1_000, 86_400_000, ErrorMessage = "must be between 1,000 and 86,400,000")]
    public int? LeaveWhenAloneMs { get; init; }

    /// <summary>Leave by itself so long after the join, in milliseconds.</summary>
    [Range(1_000, 604_800_000, ErrorMessage = "must be between 1,000 and 604,800,000")]
    public int? MaxDurationMs { get; init; }

    /// <summary>Yours: kept with the session and given back; at most 50 entries of 64 and 512 characters.</summary>
    [Metadata]
    public Dictionary<string, string>? Metadata { get; init; }

    /// <summary>Whether the audio of others is told as <c>rtc_packet</c> too, to readers of this session's events that name that type.</summary>
    public bool? Packets { get; init; }

    /// <summary>Play files instead of joining; only where the service allows it.</summary>
    public MockRequest? Mock { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext context)
    {
        if (CallCid is not null ? CallType is not null || CallId is not null : CallType is null || CallId is null)
        {
            yield return new ValidationResult("is needed: either `call_type` and `call_id`, or `call_cid`", ["call_cid"]);
        }
        else if (CallCid is not null && !Sessions.CallCid.TryParse(CallCid, out _))
        {
            yield return new ValidationResult(Identifiers.CidRule, ["call_cid"]);
        }

        if (User is null == UserId is null)
        {
            yield return new ValidationResult("is needed: either `user` or `user_id`", ["user_id"]);
        }

        if (Create is { ValueKind: not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Object) })
        {
            yield return new ValidationResult("must be true, false, or an object with the call's data", ["create"]);
        }
    }

    /// <summary>The call to join; only on a request that was checked.</summary>
    internal CallCid Call() =>
        CallCid is not null && Sessions.CallCid.TryParse(CallCid, out var cid) ? cid.Value : new CallCid(CallType!, CallId!);

    /// <summary>Who joins; only on a request that was checked.</summary>
    internal JoinUser Participant() => User ?? new JoinUser { Id = UserId! };
}

/// <summary>The user that joins.</summary>
internal sealed record JoinUser : IValidatableObject
{
    [Required(ErrorMessage = "is missing")]
    [Pattern(Identifiers.Pattern, Identifiers.Rule)]
    public string? Id { get; init; }

    [StringLength(255, ErrorMessage = "must have at most 255 characters")]
    public string? Name { get; init; }

    [StringLength(2_048, ErrorMessage = "must have at most 2,048 characters")]
    public string? Image { get; init; }

    /// <summary>A role of the Stream application; needs the scope <c>rest</c>.</summary>
    [StringLength(64, ErrorMessage = "must have at most 64 characters")]
    public string? Role { get; init; }

    /// <summary>An object of your own, at most 5,000 bytes.</summary>
    public JsonElement? Custom { get; init; }

    /// <value>Whether more is said of the user than the id.</value>
    internal bool HasProfile => (Name ?? Image ?? Role ?? (object?)Custom) is not null;

    public IEnumerable<ValidationResult> Validate(ValidationContext context) =>
        CustomData.Check(Custom, "custom");
}

/// <summary>Which tracks of others to receive.</summary>
internal sealed record SubscribeRequest
{
    /// <summary><c>all</c>, <c>none</c> or an array of user ids.</summary>
    public RtcSelection? Audio { get; init; }

    /// <summary><c>all</c>, <c>none</c> or an array of user ids.</summary>
    public RtcSelection? Video { get; init; }

    /// <summary>In pixels; the largest layer not above it is sent.</summary>
    [Range(90, 4_320, ErrorMessage = "must be between 90 and 4,320")]
    public int? MaxVideoHeight { get; init; }

    internal RtcSubscriptions ToNative() => new() { Audio = Audio, Video = Video, MaxVideoHeight = MaxVideoHeight };

    /// <summary>What is in force when a join asks for no more than this.</summary>
    internal static SubscribeRequest WithDefaults(SubscribeRequest? asked) => new()
    {
        Audio = asked?.Audio ?? RtcSelection.All,
        Video = asked?.Video ?? RtcSelection.None,
        MaxVideoHeight = asked?.MaxVideoHeight,
    };

    internal static SubscribeRequest From(RtcSubscriptions native) =>
        new() { Audio = native.Audio, Video = native.Video, MaxVideoHeight = native.MaxVideoHeight };
}

/// <summary>What to do when the connection is lost.</summary>
internal sealed record ReconnectRequest
{
    public bool? Enabled { get; init; }

    /// <summary>Length of an outage after which the session gives up, in milliseconds.</summary>
    [Range(1_000, 600_000, ErrorMessage = "must be between 1,000 and 600,000")]
    public int? DeadlineMs { get; init; }
}
