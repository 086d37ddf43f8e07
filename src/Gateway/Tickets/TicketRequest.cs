using System.ComponentModel.DataAnnotations;
using StreamGateway.Auth;
using StreamGateway.Json;
using StreamGateway.Sessions;

namespace StreamGateway.Tickets;

/// <summary>What a ticket shall open: a session, some of its tracks, a call's events, or paths. It opens nothing else.</summary>
internal sealed record TicketRequest : IValidatableObject
{
    private const int MaximumTargets = 16;
    private const int LongestPath = 512;
    private const int LongestTrack = 300;

    /// <summary>A session's events, mix, tracks and recorded files, as far as the key that makes the ticket may read them.</summary>
    [Pattern("^[0-9a-f]{32}$", "must be the id of a session")]
    public string? SessionId { get; init; }

    /// <summary>With <c>session_id</c>: the media of these tracks instead, named as <c>GET …/tracks/{track_id}/media</c> names them; at most 16.</summary>
    [MaxLength(MaximumTargets, ErrorMessage = "may list 16 tracks")]
    public string[]? Tracks { get; init; }

    /// <summary>With <c>session_id</c>: the WebSocket at <c>…/audio/socket</c> too, which speaks as the participant; needs the scope <c>sessions:write</c>.</summary>
    public bool? Speak { get; init; }

    /// <summary>The events of our sessions in this call, <c>type:id</c>.</summary>
    [StringLength(320, ErrorMessage = Identifiers.CidRule)]
    public string? CallCid { get; init; }

    /// <summary>Exactly these paths, as they are sent, without a query, such as <c>/v1/events</c> or the <c>url</c> of a recorded file; at most 16.</summary>
    [MaxLength(MaximumTargets, ErrorMessage = "may list 16 paths")]
    public string[]? Paths { get; init; }

    public IEnumerable<ValidationResult> Validate(ValidationContext context)
    {
        if (new object?[] { SessionId, CallCid, Paths }.Count(target => target is not null) != 1)
        {
            yield return new ValidationResult(
                "is needed: what the ticket opens, as either `session_id`, `call_cid` or `paths`", ["session_id"]);
        }

        if (SessionId is null && Tracks is not null)
        {
            yield return new ValidationResult("needs `session_id`", ["tracks"]);
        }

        if (SessionId is null && Speak is not null)
        {
            yield return new ValidationResult("needs `session_id`", ["speak"]);
        }

        if (Tracks is [] || Tracks?.Any(track => track is null or "" || track.Length > LongestTrack || track.Contains('/')) == true)
        {
            yield return new ValidationResult($"must be ids of tracks, each of 1 to {LongestTrack} characters", ["tracks"]);
        }

        if (CallCid is not null && !Sessions.CallCid.TryParse(CallCid, out _))
        {
            yield return new ValidationResult(Identifiers.CidRule, ["call_cid"]);
        }

        if (Paths is [] || Paths?.Any(path => !IsPath(path)) == true)
        {
            yield return new ValidationResult(
                $"must be paths as they are sent, each of at most {LongestPath} characters, without a query", ["paths"]);
        }
    }

    /// <summary>What it asks for; only of a request that was checked.</summary>
    internal TicketGrant ToGrant()
    {
        if (Paths is not null)
        {
            return TicketGrant.ForPaths(Paths.Select(path => PathString.FromUriComponent(path).Value!));
        }

        if (CallCid is not null && Sessions.CallCid.TryParse(CallCid, out var call))
        {
            return TicketGrant.ForPaths([$"/v1/calls/{call.Value.Type}/{call.Value.Id}/events"]);
        }

        return Tracks is null
            ? TicketGrant.ForSession(SessionId!, Speak is true)
            : TicketGrant.ForTracks(SessionId!, Tracks, Speak is true);
    }

    private static bool IsPath(string? path) =>
        path is { Length: <= LongestPath } && path.StartsWith('/')
        && path.All(letter => char.IsAscii(letter) && !char.IsControl(letter) && letter is not ('?' or '#' or ' '));
}
