using System.ComponentModel.DataAnnotations;
using StreamGateway.Settings;

namespace StreamGateway.Sessions;

/// <summary>How many sessions there may be and how long things may take: section <c>Sessions</c>.</summary>
internal sealed class SessionPoolOptions
{
    public const string Section = "Sessions";

    /// <value>Sessions in calls at once; one more is answered 503. The default is 500.</value>
    [Range(1, 100_000)]
    public int MaxSessions { get; set; } = 500;

    /// <value>What a client over capacity is told to wait. The default is 5 seconds.</value>
    [Duration("00:00:01", "01:00:00")]
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>How long a session is remembered after it ended. The default is 10 minutes.</value>
    [Duration("00:00:00", "1.00:00:00")]
    public TimeSpan RememberFor { get; set; } = TimeSpan.FromMinutes(10);

    /// <value>Ended sessions remembered at once; the oldest are forgotten first. The default is 5,000.</value>
    [Range(0, 1_000_000)]
    public int MaxRemembered { get; set; } = 5_000;

    /// <value>How long a join may take, all of it. The default is 15 seconds.</value>
    [Duration("00:00:01", "00:02:00")]
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <value>How long leaving may take. The default is 10 seconds.</value>
    [Duration("00:00:01", "00:02:00")]
    public TimeSpan LeaveTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>How long a stop waits for all sessions to leave. The default is 5 seconds.</value>
    [Duration("00:00:00", "00:10:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>Sessions may be mocks that play files of this directory. Without it there are no mocks.</value>
    public string? MockDirectory { get; set; }
}
