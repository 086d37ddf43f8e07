using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using GetStream.Auth;
using GetStream.Http;
using GetStream.Local.Sfu;
using Microsoft.Extensions.Logging.Abstractions;

namespace GetStream.Local.Tests.Support;

/// <summary>An embedded Stream on a free port with an SFU that carries no media, and clients for it.</summary>
internal sealed class LocalStream : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly LocalStreamServer _server;
    private readonly HttpClient _http;
    private readonly FakeSfu? _sfu;

    private LocalStream(LocalStreamServer server, FakeSfu? sfu)
    {
        _server = server;
        _sfu = sfu;
        _http = new HttpClient { BaseAddress = new Uri(server.Url), Timeout = Patience };
    }

    public FakeSfu Sfu => _sfu ?? throw new InvalidOperationException("This server has a real SFU.");

    public string Url => _server.Url;

    public string ApiKey => _server.ApiKey;

    public string ApiSecret => _server.ApiSecret;

    public HttpClient Http => _http;

    /// <summary>The typed client, acting as the server.</summary>
    public StreamClient Client => field ??= new StreamClient(
        new StreamClientOptions { ApiKey = ApiKey, ApiSecret = ApiSecret, BaseUrl = new Uri(Url), Timeout = Patience });

    public IReadOnlyDictionary<ApiOperation, Local.Http.OperationAccess> Served => _server.Served;

    public static async Task<LocalStream> StartAsync(LocalStreamOptions? options = null, TimeProvider? clock = null)
    {
        var sfu = new FakeSfu();
        clock ??= TimeProvider.System;
        var server = await LocalStreamServer.StartAsync(
            (options ?? new LocalStreamOptions()) with { Port = 0 }, sfu, new SfuTokens(clock), NullLoggerFactory.Instance, clock,
            CancellationToken.None);
        return new LocalStream(server, sfu);
    }

    /// <summary>Clients for a server that has an SFU of its own; owns the server.</summary>
    public static LocalStream Around(LocalStreamServer server) => new(server, null);

    /// <summary>A client with the API secret.</summary>
    public ApiClient AsServer() => new(this, StreamTokens.CreateServerToken(ApiSecret));

    /// <summary>A client with a user's token.</summary>
    public ApiClient As(string userId, UserTokenClaims? claims = null, TimeProvider? clock = null) =>
        new(this, StreamTokens.CreateUserToken(ApiSecret, userId, claims, clock)) { UserId = userId };

    /// <summary>A client with any token, or none.</summary>
    public ApiClient With(string? token) => new(this, token);

    /// <summary>Lets the typed client act as a user.</summary>
    public RequestOptions AsUser(string userId) => new() { Token = StreamTokens.CreateUserToken(ApiSecret, userId) };

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        Client.Dispose();
        await _server.DisposeAsync();
    }
}

/// <summary>Sends requests as one caller.</summary>
internal sealed class ApiClient(LocalStream stream, string? token)
{
    public string? UserId { get; init; }

    public string? Token => token;

    /// <summary><c>/api/v2</c> unless told otherwise.</summary>
    public string Prefix { get; init; } = "/api/v2";

    /// <summary>Added to every request, such as <c>connection_id=…</c>.</summary>
    public string? ExtraQuery { get; init; }

    public ApiClient AsBrowser() => new(stream, token) { UserId = UserId, Prefix = "", ExtraQuery = ExtraQuery };

    public ApiClient Watching(EventSocket socket) =>
        new(stream, token) { UserId = UserId, Prefix = Prefix, ExtraQuery = $"connection_id={socket.ConnectionId}" };

    public Task<ApiAnswer> Get(string path) => Send(HttpMethod.Get, path, null);

    public Task<ApiAnswer> Post(string path, string body = "{}") => Send(HttpMethod.Post, path, body);

    public Task<ApiAnswer> Patch(string path, string body) => Send(HttpMethod.Patch, path, body);

    public Task<ApiAnswer> Put(string path, string body) => Send(HttpMethod.Put, path, body);

    public Task<ApiAnswer> Delete(string path) => Send(HttpMethod.Delete, path, null);

    public async Task<ApiAnswer> Send(HttpMethod method, string path, string? body)
    {
        var separator = path.Contains('?') ? '&' : '?';
        var extra = ExtraQuery is null ? "" : $"&{ExtraQuery}";
        using var request = new HttpRequestMessage(method, $"{Prefix}{path}{separator}api_key={stream.ApiKey}{extra}");
        if (token is not null)
            request.Headers.TryAddWithoutValidation("Authorization", token);
        request.Headers.Add("stream-auth-type", token is null ? "anonymous" : "jwt");
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var response = await stream.Http.SendAsync(request);
        return await ApiAnswer.ReadAsync(response);
    }
}

/// <summary>What came back.</summary>
internal sealed record ApiAnswer(int Status, JsonElement Json, HttpResponseHeaders Headers)
{
    public static async Task<ApiAnswer> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        var json = text.StartsWith('{') ? JsonSerializer.Deserialize<JsonElement>(text) : JsonSerializer.SerializeToElement(text);
        return new ApiAnswer((int)response.StatusCode, json, response.Headers);
    }

    public JsonElement this[string path] =>
        path.Split('.').Aggregate(Json, (json, name) => int.TryParse(name, out var index) ? json[index] : json.GetProperty(name));

    public string? Text(string path) => this[path].GetString();

    public string[] Texts(string path) => [.. this[path].EnumerateArray().Select(item => item.GetString()!)];

    public bool Has(string path)
    {
        var json = Json;
        return path.Split('.').All(name => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out json));
    }

    public ApiAnswer Ok()
    {
        Assert.True(Status is 200 or 201, $"{Status}: {Json}");
        return this;
    }

    /// <summary>Checks that this is Stream's error body with the given status and code.</summary>
    public ApiAnswer Refused(int status, int code, string? messagePart = null)
    {
        Assert.True(Status == status, $"expected {status}, got {Status}: {Json}");
        Assert.Equal(code, this["code"].GetInt32());
        Assert.Equal(status, this["StatusCode"].GetInt32());
        Assert.Contains(messagePart ?? "", Text("message"), StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(Text("duration")));
        Assert.True(Has("more_info") && Has("details"));
        return this;
    }
}
