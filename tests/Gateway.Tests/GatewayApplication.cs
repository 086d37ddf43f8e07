using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StreamGateway.Engine;
using StreamGateway.Native.Rtc;
using StreamGateway.Upstream;

namespace StreamGateway.Tests;

/// <summary>
/// The whole gateway on real sockets of the loopback interface: the native library, its SFU and the embedded Stream,
/// nothing replaced; only ports are free ones.
/// </summary>
public sealed class GatewayApplication : WebApplicationFactory<Program>
{
    private readonly Dictionary<string, string> _settings = new()
    {
        ["Server:Port"] = "0",
        ["LocalStream:Port"] = "0",
        ["LocalStream:SfuPort"] = "0",
    };

    private Action<IServiceCollection>? _replace;
    private int _keys;

    public GatewayApplication() => UseKestrel();

    /// <summary>Use it before the first request.</summary>
    public GatewayApplication With(string key, string value)
    {
        _settings[key] = value;
        return this;
    }

    /// <summary>Adds a key, which <see cref="SendAsAsync"/> sends; use it before the first request.</summary>
    public GatewayApplication WithKey(string name, params string[] scopes)
    {
        var entry = $"Auth:Keys:{_keys++}";
        With($"{entry}:Name", name).With($"{entry}:Key", KeyOf(name));
        for (var i = 0; i < scopes.Length; i++)
        {
            With($"{entry}:Scopes:{i}", scopes[i]);
        }

        return this;
    }

    /// <summary>Replaces services; use it before the first request.</summary>
    public GatewayApplication With(Action<IServiceCollection> replace)
    {
        _replace += replace;
        return this;
    }

    public HttpClient Http => field ??= CreateHttp();

    internal RtcEngine Engine => Services.GetRequiredService<EngineHost>().Engine;

    internal StreamConnection Stream => Services.GetRequiredService<StreamConnection>();

    /// <summary>Joins and returns the session's id.</summary>
    public async Task<string> JoinAsync(string callId, string userId, string extra = "")
    {
        var body = $$"""{"call_type":"default","call_id":"{{callId}}","user_id":"{{userId}}"{{extra}}}""";
        using var response = await PostAsync("/v1/sessions", body);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (await JsonOf(response)).GetProperty("id").GetString()!;
    }

    public async Task LeaveAsync(string sessionId)
    {
        using var response = await Http.DeleteAsync($"/v1/sessions/{sessionId}").WithTimeout();
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
    }

    /// <summary>Sends a request with the key of this name, or without any; answers once the headers are there.</summary>
    public async Task<HttpResponseMessage> SendAsAsync(string? keyName, HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (keyName is not null)
        {
            request.Headers.Add("X-Api-Key", KeyOf(keyName));
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WithTimeout();
    }

    /// <summary>Joins with the key of this name and returns the session's id.</summary>
    public async Task<string> JoinAsAsync(string keyName, string callId, string userId)
    {
        var body = $$"""{"call_type":"default","call_id":"{{callId}}","user_id":"{{userId}}"}""";
        using var response = await SendAsAsync(keyName, HttpMethod.Post, "/v1/sessions", body);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return (await JsonOf(response)).GetProperty("id").GetString()!;
    }

    public static string KeyOf(string name) => $"the-secret-key-of-{name}";

    public Task<HttpResponseMessage> PostAsync(string path, string json) =>
        Http.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json")).WithTimeout();

    public Task<HttpResponseMessage> PublishAsync(string sessionId, string name, HttpContent body, string contentType = "audio/ogg")
    {
        body.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return Http.PutAsync($"/v1/sessions/{sessionId}/publications/{name}", body).WithTimeout();
    }

    /// <summary>A publication whose body the test sends piece by piece.</summary>
    public Task<RawUpload> StartPublishingAsync(string sessionId, string name) =>
        RawUpload.StartAsync(Http.BaseAddress!, $"/v1/sessions/{sessionId}/publications/{name}", "audio/ogg");

    public Task<JsonElement> GetAsync(string path) => Http.GetFromJsonAsync<JsonElement>(path).WithTimeout();

    /// <summary>Nothing of any session is left in the native library.</summary>
    public Task AssertNativeIsEmptyAsync() =>
        Eventually.GetAsync(
            () => Engine.ReadTables(),
            tables => tables is { Sessions: 0, Sources: 0, Sinks: 0, PeerConnections: 0, Recordings: 0, Requests: 0 });

    public static async Task<JsonElement> JsonOf(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

    protected override void ConfigureWebHost(IWebHostBuilder builder) =>
        builder
            .ConfigureAppConfiguration(configuration => configuration.AddInMemoryCollection(_settings!))
            .ConfigureTestServices(services => _replace?.Invoke(services));

    private HttpClient CreateHttp()
    {
        StartServer();
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        // Not CreateClient: its redirect handler would hold a body back until the whole of it is there.
        return new HttpClient { BaseAddress = new Uri(addresses.Single()), Timeout = Timeout.InfiniteTimeSpan };
    }
}
