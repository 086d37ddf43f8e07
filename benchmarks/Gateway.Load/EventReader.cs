using System.Net.ServerSentEvents;
using System.Text.Json;

namespace StreamGateway.Load;

/// <summary>Follows a session's events and holds every sequence number against the one before.</summary>
internal sealed class EventReader
{
    private ulong _lastSequence;

    public string? LastEventId { get; private set; }

    public int Events { get; private set; }

    /// <summary>Numbers that never came.</summary>
    public long Missing { get; private set; }

    /// <summary>Numbers that came again or out of order.</summary>
    public long Disordered { get; private set; }

    public int Gaps { get; private set; }

    public bool Ended { get; private set; }

    /// <summary>Reads until the stream ends, <paramref name="limit"/> events came, or cancellation.</summary>
    public async Task ReadAsync(Stream stream, int limit, CancellationToken cancellationToken)
    {
        try
        {
            var parser = SseParser.Create(stream, static (_, data) => JsonDocument.Parse(data.ToArray()));
            await foreach (var item in parser.EnumerateAsync(cancellationToken))
            {
                using var data = item.Data;
                Note(item.EventType, data.RootElement);
                LastEventId = string.IsNullOrEmpty(item.EventId) ? LastEventId : item.EventId;
                if (--limit == 0)
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or HttpRequestException)
        {
            // Cut on purpose, or the scenario is over.
        }
    }

    private void Note(string type, JsonElement data)
    {
        switch (type)
        {
            case "gap":
                Gaps++;
                return;
            case "end":
                Ended = true;
                return;
            case "snapshot":
                return;
        }

        Events++;
        if (!data.TryGetProperty("seq", out var number))
        {
            return;
        }

        var sequence = number.GetUInt64();
        if (_lastSequence != 0 && sequence > _lastSequence + 1)
        {
            Missing += (long)(sequence - _lastSequence - 1);
        }
        else if (_lastSequence != 0 && sequence <= _lastSequence)
        {
            Disordered++;
        }

        _lastSequence = Math.Max(_lastSequence, sequence);
    }
}
