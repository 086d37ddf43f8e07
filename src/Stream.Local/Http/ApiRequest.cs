using System.Globalization;
using GetStream.Json;
using GetStream.Local.Auth;
using GetStream.Local.Errors;

namespace GetStream.Local.Http;

/// <summary>One request to an operation: who asks, for what, and how the answer is spelled.</summary>
internal sealed class ApiRequest(
    HttpContext http, string operation, Caller caller, StreamTimeFormat times, long startedAt, TimeProvider clock)
{
    public string Operation => operation;

    public Caller Caller => caller;

    public StreamTimeFormat Times => times;

    /// <summary>Where the client reached this server, such as <c>http://127.0.0.1:8090</c>.</summary>
    public string BaseUrl => $"{http.Request.Scheme}://{http.Request.Host}";

    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>Time of the request; everything it changes carries the same.</summary>
    public DateTimeOffset Now { get; } = clock.GetUtcNow();

    /// <summary>The WebSocket that shall get the events of the calls asked for; null for none.</summary>
    public string? ConnectionId => Query("connection_id");

    /// <summary>Time taken so far, as answers carry it.</summary>
    public string Duration =>
        string.Create(CultureInfo.InvariantCulture, $"{clock.GetElapsedTime(startedAt).TotalMilliseconds:0.00}ms");

    /// <summary>The user who acts: the caller, or whom a server names in the body or the query.</summary>
    /// <exception cref="ApiException">A server names nobody.</exception>
    public string ActingUserId(string? named = null) =>
        (caller.IsServer ? named : null) ?? caller.UserId
        ?? throw ApiException.Input("a server acts on behalf of a user: user_id is missing");

    public string Route(string name) => (string)http.Request.RouteValues[name]!;

    public string? Query(string name) => http.Request.Query[name] is [{ Length: > 0 } value, ..] ? value : null;

    /// <exception cref="ApiException">Not a number from <paramref name="min"/> to <paramref name="max"/>.</exception>
    public int? QueryInt(string name, int min, int max)
    {
        if (Query(name) is not { } text)
            return null;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            throw ApiException.InvalidField(name, "must be a whole number");
        return Limits.Range(number, min, max, name);
    }

    /// <exception cref="ApiException">Neither <c>true</c> nor <c>false</c>.</exception>
    public bool QueryBool(string name) => Query(name) switch
    {
        null => false,
        var text => bool.TryParse(text, out var flag)
            ? flag
            : throw ApiException.InvalidField(name, "must be true or false"),
    };
}
