using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using GetStream.Auth;

namespace StreamGateway.Tests.Browser;

/// <summary>The gateway with its embedded Stream, a Chromium, and the page: shared by all tests of the browser.</summary>
public sealed class BrowserWorld : IAsyncLifetime
{
    private PageServer _pages = null!;
    private Chromium _chromium = null!;

    public GatewayApplication Gateway { get; } = new();

    /// <summary>The browser's way to the SFU's signaling.</summary>
    internal SfuRoad Road { get; private set; } = null!;

    /// <summary>Everybody's way to the SFU's media.</summary>
    internal MediaRoad MediaRoad { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var (sfuPort, mediaPort) = (FreePort(ProtocolType.Tcp), FreePort(ProtocolType.Udp));
        Road = SfuRoad.To(sfuPort);
        MediaRoad = MediaRoad.To(mediaPort);
        Gateway.With("LocalStream:SfuPort", $"{sfuPort}")
            .With("LocalStream:SfuMediaPort", $"{mediaPort}")
            .With("LocalStream:SfuMediaRelay", $"127.0.0.1:{MediaRoad.Port}");
        _ = Gateway.Http;
        _pages = await PageServer.StartAsync();
        _chromium = await Chromium.StartAsync(
            await Material.CameraAsync(), await Material.MicrophoneAsync(),
            $"--host-resolver-rules=MAP 127.0.0.1:{sfuPort} 127.0.0.1:{Road.Port}");
    }

    public async Task DisposeAsync()
    {
        await _chromium.DisposeAsync();
        await Gateway.AssertNativeIsEmptyAsync();
        await _pages.DisposeAsync();
        await Road.DisposeAsync();
        await MediaRoad.DisposeAsync();
        await Gateway.DisposeAsync();
    }

    /// <summary>Does something to a call as the server of the application, at Stream's own path.</summary>
    internal async Task CommandAsync(string callId, string command, string body)
    {
        using var answer = await Gateway.PostAsync($"/api/v2/video/call/default/{callId}/{command}", body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>A page that is in the call.</summary>
    internal async Task<Tab> JoinAsync(
        string callId, string userId, bool camera = false, bool microphone = false, string? videoCodec = null)
    {
        var tab = await _chromium.OpenAsync(_pages.Address);
        await JoinAsync(tab, callId, userId, camera, microphone, videoCodec);
        return tab;
    }

    internal Task<JsonElement> JoinAsync(
        Tab tab, string callId, string userId, bool camera = false, bool microphone = false, string? videoCodec = null)
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
            videoCodec,
        });
        return tab.EvaluateAsync($"join({options})");
    }

    private static int FreePort(ProtocolType protocol)
    {
        var type = protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram;
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

/// <summary>One browser for all tests that take part in calls with it.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<BrowserWorld>
{
    public const string Name = "browser";
}
