using System.ComponentModel.DataAnnotations;
using StreamGateway.Settings;

namespace StreamGateway.Recordings;

/// <summary>Where recordings go, and how much of them: section <c>Recordings</c>.</summary>
internal sealed class RecordingsOptions
{
    public const string Section = "Recordings";

    /// <value>The directory that holds recordings; it is made if need be. Without it nothing can be recorded.</value>
    public string? Directory { get; set; }

    /// <value>Recordings of one session at once; one more is answered 503. The default is 4.</value>
    [Range(1, 100)]
    public int MaxPerSession { get; set; } = 4;

    /// <value>What the files of a recording may hold; it ends there. The default is 16 GiB.</value>
    [Range(65_536L, 1L << 50)]
    public long MaxBytes { get; set; } = 16L << 30;

    /// <value>How long a recording may be; it ends then. The default is 24 hours.</value>
    [Duration("00:00:01", "31.00:00:00")]
    public TimeSpan MaxDuration { get; set; } = TimeSpan.FromHours(24);

    /// <value>Bytes of a recording that may wait for a slow disk before more are dropped. The default is 8 MiB.</value>
    [Range(65_536L, 1L << 30)]
    public long BufferBytes { get; set; } = 8L << 20;

    /// <value>How long recordings are kept after their end; then they are deleted. Without it they are kept.</value>
    [Duration("00:00:01", "3650.00:00:00")]
    public TimeSpan? KeepFor { get; set; }

    /// <value>The directory as an absolute path.</value>
    public string? FullDirectory => string.IsNullOrEmpty(Directory) ? null : Path.GetFullPath(Directory);
}
