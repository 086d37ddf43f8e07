using System.ComponentModel.DataAnnotations;
using StreamGateway.Settings;

namespace StreamGateway.Events;

/// <summary>Server-sent events and what is kept for resuming readers: section <c>Events</c>.</summary>
internal sealed class EventsOptions
{
    public const string Section = "Events";

    /// <value>What a reader is told to wait before it connects again. The default is 2 seconds.</value>
    [Duration("00:00:00.1", "00:05:00")]
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <value>A comment is sent when nothing else was for so long. The default is 15 seconds.</value>
    [Duration("00:00:00.1", "00:05:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <value>A reader that takes nothing for so long is cut off; it may resume. The default is 30 seconds.</value>
    [Duration("00:00:05", "01:00:00")]
    public TimeSpan StalledReaderTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>Readers at once; one more is answered 503. The default is 10,000; half of the connections at most.</value>
    [Range(1, 1_000_000)]
    public int MaxReaders { get; set; } = 10_000;

    /// <value>Events kept of one session. The default is 2,048.</value>
    [Range(16, 1_000_000)]
    public int SessionJournalEvents { get; set; } = 2_048;

    /// <value>Bytes kept of one session. The default is 2 MiB.</value>
    [Range(65_536, 1_073_741_824)]
    public int SessionJournalBytes { get; set; } = 2 * 1024 * 1024;

    /// <value>Events kept of one call, and of everything together. The default is 16,384.</value>
    [Range(16, 10_000_000)]
    public int SharedJournalEvents { get; set; } = 16_384;

    /// <value>Bytes kept of one call, and of everything together. The default is 16 MiB.</value>
    [Range(65_536, 1_073_741_824)]
    public int SharedJournalBytes { get; set; } = 16 * 1024 * 1024;

    /// <value>
    /// Bytes kept of all sessions and calls together. Beyond it the events of those that have ended go first, then the oldest of all. The
    /// default is 512 MiB, an eighth of the memory there is at most.
    /// </value>
    [Range(1_048_576, 1_099_511_627_776)]
    public long TotalJournalBytes { get; set; } =
        Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 8, 16 * 1024 * 1024, 512 * 1024 * 1024);
}
