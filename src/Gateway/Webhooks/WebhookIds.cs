namespace StreamGateway.Webhooks;

/// <summary>The webhooks that came lately, so that one that Stream sends again is told once. Safe from any thread.</summary>
internal sealed class WebhookIds(TimeProvider time)
{
    /// <summary>The latest ones; with ids as long as Stream's they take about 2 MB.</summary>
    public const int Most = 10_000;

    /// <summary>Stream gives up long before.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly Queue<(string Id, long At)> _order = [];

    /// <returns>False for one that came before.</returns>
    public bool TryAdd(string id)
    {
        lock (_gate)
        {
            while (_order.TryPeek(out var oldest) && (_order.Count >= Most || time.GetElapsedTime(oldest.At) >= Window))
            {
                _known.Remove(_order.Dequeue().Id);
            }

            if (!_known.Add(id))
            {
                return false;
            }

            _order.Enqueue((id, time.GetTimestamp()));
            return true;
        }
    }
}
