namespace StreamGateway.Auth;

/// <summary>What a ticket opens. Paths are as the server sees them: decoded, and without a slash at the end.</summary>
/// <param name="Paths">Each opens itself alone.</param>
/// <param name="Below">Each opens all that is below it.</param>
internal sealed record TicketGrant(IReadOnlyList<string> Paths, IReadOnlyList<string> Below)
{
    public static TicketGrant ForSession(string id, bool speak)
    {
        var session = $"/v1/sessions/{id}";
        List<string> paths = [$"{session}/events", $"{session}/audio"];
        if (speak)
        {
            paths.Add(SocketOf(id));
        }

        return new TicketGrant(paths, [$"{session}/tracks", $"{session}/recordings"]);
    }

    public static TicketGrant ForTracks(string sessionId, IEnumerable<string> tracks, bool speak)
    {
        var paths = tracks.Select(track => $"/v1/sessions/{sessionId}/tracks/{track}/media");
        return ForPaths(speak ? paths.Append(SocketOf(sessionId)) : paths);
    }

    public static TicketGrant ForPaths(IEnumerable<string> paths) => new([.. paths.Select(Normalize)], []);

    public bool Opens(PathString path)
    {
        var wanted = Normalize(path.Value ?? "");
        return Paths.Contains(wanted, StringComparer.Ordinal)
            || Below.Any(root => wanted.StartsWith(root + "/", StringComparison.Ordinal));
    }

    private static string SocketOf(string sessionId) => $"/v1/sessions/{sessionId}/audio/socket";

    private static string Normalize(string path) => path.TrimEnd('/');
}
