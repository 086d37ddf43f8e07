using System.Globalization;
using Microsoft.Extensions.Options;
using StreamGateway.Connections;
using StreamGateway.Sessions;

namespace StreamGateway.Server;

/// <summary>Shares out the file descriptors that the process may have, so that no part of it takes another's.</summary>
/// <remarks>
/// A session comes first, with half of what there is at most. Of the rest nine twentieths are clients of the gateway, a fifth each is
/// for its own connections to Stream and for those that the embedded Stream takes; recordings and the media server have what is left.
/// </remarks>
internal sealed class DescriptorBudget
{
    /// <summary>Of one session: the sockets of its call, their other ends in an embedded Stream, media, its journal's reader.</summary>
    public const int PerSession = 10;

    private const int MostConnections = 20_000;

    private readonly int? _limit;
    private readonly int _wantedSessions;
    private readonly int? _wantedConnections;

    public DescriptorBudget(IOptions<ServerOptions> server, IOptions<SessionPoolOptions> sessions)
        : this(OpenFiles.Limit, server.Value.MaxConnections, sessions.Value.MaxSessions)
    {
    }

    public DescriptorBudget(int? limit, int? wantedConnections, int wantedSessions)
    {
        _limit = limit;
        _wantedConnections = wantedConnections;
        _wantedSessions = wantedSessions;
        var all = (limit ?? int.MaxValue) - OpenFiles.Own;
        all = Math.Max(all, 2 * PerSession);
        Sessions = Math.Min(wantedSessions, Math.Max(1, all / 2 / PerSession));
        var rest = all - (Sessions * PerSession);
        Connections = Math.Clamp((int)(rest * 0.45), Math.Min(16, wantedConnections ?? 16), wantedConnections ?? MostConnections);
        Upstream = Math.Clamp(rest / 5, 4, MostConnections);
        EmbeddedConnections = Math.Clamp(rest / 5, 8, MostConnections);
    }

    /// <value>Sessions at once.</value>
    public int Sessions { get; }

    /// <value>Connections of clients at once.</value>
    public int Connections { get; }

    /// <value>Connections of the gateway to Stream at once.</value>
    public int Upstream { get; }

    /// <value>Connections that the embedded Stream takes at once.</value>
    public int EmbeddedConnections { get; }

    /// <value>Event streams at once; some connections are always left for other requests.</value>
    public int Readers => Connections / 2;

    /// <value>Listeners to media at once.</value>
    public int Listeners => Math.Max(1, Connections / 4);

    /// <summary>What the settings ask for and the limit does not allow, as a sentence; null when all is well.</summary>
    public string? Shortage()
    {
        if (Sessions >= _wantedSessions && (_wantedConnections is null || Connections >= _wantedConnections))
        {
            return null;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"The process may have {_limit} open files: enough for {Sessions} of {_wantedSessions} sessions and {Connections} "
            + $"connections. The settings need {Needed()}: raise the limit (ulimit -n, LimitNOFILE, --ulimit nofile) or lower them.");
    }

    /// <summary>What to say of a limit that the process cannot even start with; null when it can.</summary>
    public static string? TooFew(int limit) => limit >= OpenFiles.Own + (2 * PerSession)
        ? null
        : $"The process may have {limit} open files and needs {OpenFiles.Own + (2 * PerSession)} to begin with: raise the limit (ulimit -n, "
        + "LimitNOFILE, --ulimit nofile).";

    private int Needed()
    {
        var sessions = (long)_wantedSessions * PerSession;
        var rest = Math.Max(sessions, (long)Math.Ceiling((_wantedConnections ?? 0) / 0.45));
        return (int)Math.Min(int.MaxValue, OpenFiles.Own + sessions + rest);
    }
}
