using System.Collections.Concurrent;
using StreamGateway.Errors;

namespace StreamGateway.Idempotency;

/// <summary>Remembers the first answer to each idempotency key, for 24 hours and in bounded number.</summary>
internal sealed class IdempotencyStore(TimeProvider time)
{
    private const int MaximumEntries = 20_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<string, Entry> _entries = new();
    private DateTimeOffset _lastSweep;

    /// <summary>The remembered answer, or the one <paramref name="execute"/> makes; callers with the same key wait for the first.</summary>
    /// <param name="key">The idempotency key together with who sent it and where.</param>
    /// <param name="fingerprint">Tells requests apart: the same key with another request is refused.</param>
    /// <exception cref="ProblemException">The key belongs to another request.</exception>
    public async Task<StoredAnswer> GetOrAddAsync(string key, string fingerprint, Func<Task<StoredAnswer>> execute)
    {
        Forget();
        while (true)
        {
            var mine = new Entry(fingerprint, time.GetUtcNow());
            var entry = _entries.GetOrAdd(key, mine);
            if (entry == mine)
            {
                return await FillAsync(key, mine, execute);
            }

            if (entry.Fingerprint != fingerprint)
            {
                throw new ProblemException(
                    ProblemTypes.IdempotencyKeyReused, "This Idempotency-Key was used for a request with another body.");
            }

            if (await entry.Answer.Task is { } answer)
            {
                return answer;
            }

            // The first attempt did not succeed: this one may.
        }
    }

    private async Task<StoredAnswer> FillAsync(string key, Entry mine, Func<Task<StoredAnswer>> execute)
    {
        StoredAnswer? answer = null;
        try
        {
            answer = await execute();
            return answer;
        }
        finally
        {
            // Only success is remembered; a failure may be tried again with the same key.
            if (answer is not { Status: >= 200 and < 300 })
            {
                _entries.TryRemove(KeyValuePair.Create(key, mine));
                answer = null;
            }

            mine.Answer.SetResult(answer);
        }
    }

    private void Forget()
    {
        var now = time.GetUtcNow();
        if (_entries.Count < MaximumEntries && now - _lastSweep < TimeSpan.FromMinutes(1))
        {
            return;
        }

        _lastSweep = now;
        var done = _entries.Where(entry => entry.Value.Answer.Task.IsCompleted).OrderByDescending(entry => entry.Value.At).ToList();
        foreach (var entry in done.Where((entry, rank) => now - entry.Value.At > Lifetime || rank >= MaximumEntries / 2))
        {
            _entries.TryRemove(entry);
        }
    }

    private sealed class Entry(string fingerprint, DateTimeOffset at)
    {
        public string Fingerprint => fingerprint;

        public DateTimeOffset At => at;

        public TaskCompletionSource<StoredAnswer?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>An answer as it went out.</summary>
internal sealed record StoredAnswer(int Status, string? ContentType, string? Location, byte[] Body);
