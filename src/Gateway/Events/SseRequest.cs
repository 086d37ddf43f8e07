using StreamGateway.Errors;

namespace StreamGateway.Events;

/// <summary>What a reader of an event stream asks for.</summary>
internal sealed record SseRequest(SseEventId? LastEventId, EventTypeFilter Types)
{
    /// <summary>Reads the header <c>Last-Event-ID</c> and the queries <c>last_event_id</c> and <c>types</c>.</summary>
    /// <exception cref="ProblemException">One of them is not usable.</exception>
    public static SseRequest From(HttpRequest request)
    {
        // A browser that connects again sends the header, and the query it once began with: the header is the newer one.
        var given = request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header
            ? header
            : request.Query["last_event_id"].ToString();
        SseEventId? lastEventId = null;
        var errors = new RequestErrors();
        if (given.Length > 0 && !SseEventId.TryParse(given, out lastEventId))
        {
            errors.Add("last_event_id", "must be an id this service has sent");
        }

        var types = EventTypeFilter.Parse(request.Query["types"]);
        if (types is null)
        {
            errors.Add(
                "types",
                $"must be at most {EventTypeFilter.MaximumPatterns} names, each of 1 to {EventTypeFilter.MaximumPatternLength} characters");
        }

        errors.ThrowIfAny();
        return new SseRequest(lastEventId, types!);
    }
}
