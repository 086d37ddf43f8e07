using System.Text.Json;
using GetStream.Auth;

namespace StreamGateway.Tests.Browser;

/// <summary>The gateway with its embedded Stream, a Chromium, and the page: shared by all tests of the browser.</summary>
public sealed class BrowserWorld : IAsyncLifetime
{
    private PageServer _pages = null!;
    private Chromium _chromium = null!;

    public GatewayApplication Gateway { get; } = new();

    public async Task InitializeAsync()
    {
        _ = Gateway.Http;
        _pages = await PageServer.StartAsync();
        _chromium = await Chromium.StartAsync(await Material.CameraAsync(), await Material.MicrophoneAsync());
    }

    public async Task DisposeAsync()
    {
        await _chromium.DisposeAsync();
        await _pages.DisposeAsync();
        await Gateway.DisposeAsync();
    }

    /// <summary>A page that is in the call.</summary>
    internal async Task<Tab> JoinAsync(string callId, string userId, bool camera = false, bool microphone = false)
    {
        var tab = await _chromium.OpenAsync(_pages.Address);
        await JoinAsync(tab, callId, userId, camera, microphone);
        return tab;
    }

    internal Task<JsonElement> JoinAsync(Tab tab, string callId, string userId, bool camera = false, bool microphone = false)
    {
        var stream = Gateway.Stream.Options;
        var options = JsonSerializer.Serialize(new
        {
            baseUrl = stream.BaseUrl.ToString().TrimEnd('/'),
            apiKey = stream.ApiKey,
            userId,
            token = StreamTokens.CreateUserToken(stream.ApiSecret, userId),
            callId,
            camera,
            microphone,
        });
        return tab.EvaluateAsync($"join({options})");
    }
}

/// <summary>One browser for all tests that take part in calls with it.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<BrowserWorld>
{
    public const string Name = "browser";
}
