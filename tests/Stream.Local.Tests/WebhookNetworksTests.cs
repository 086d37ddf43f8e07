using System.Net;
using GetStream.Local.Http;
using GetStream.Local.Tests.Support;
using GetStream.Local.Webhooks;

namespace GetStream.Local.Tests;

/// <summary>Whoever may set webhooks over the API may not have the server reach what only it can reach.</summary>
public sealed class WebhookNetworksTests
{
    private const string Secret = "a secret for tests";

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.9.10")]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("2001::1")]
    [InlineData("2001:db8::1")]
    [InlineData("fc00::1")]
    [InlineData("fd12::1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void Addresses_that_are_not_public_are_no_place_for_a_webhook(string address) =>
        Assert.False(new WebhookNetworks([]).Allow(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("::ffff:1.1.1.1")]
    public void Public_ones_are(string address) => Assert.True(new WebhookNetworks([]).Allow(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0/8", "10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", true)]
    [InlineData("10.0.0.0/8", "127.0.0.1", false)]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "127.0.0.2", false)]
    [InlineData("::1", "::1", true)]
    [InlineData("fd00::/8", "fd12::1", true)]
    public void What_the_operator_allows_is_too(string allowed, string address, bool may) =>
        Assert.Equal(may, new WebhookNetworks([allowed]).Allow(IPAddress.Parse(address)));

    [Theory]
    [InlineData("")]
    [InlineData("localhost")]
    [InlineData("10.0.0.0/99")]
    public void A_network_that_is_none_is_refused_by_name(string network)
    {
        var wrong = Assert.Throws<ArgumentException>(new LocalStreamOptions { AllowedWebhookNetworks = [network] }.Validate);

        Assert.Contains("AllowedWebhookNetworks", wrong.Message);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/internal?x=1")]
    [InlineData("http://[::ffff:127.0.0.1]:{0}/v6")]
    [InlineData("http://[::1]:{0}/v6")]
    [InlineData("http://2130706433:{0}/decimal")]
    [InlineData("http://0x7f.1:{0}/hexadecimal")]
    [InlineData("HTTP://127.0.0.1:{0}/")]
    [InlineData("http://u:p@127.0.0.1:{0}/")]
    [InlineData("http://localhost:{0}/")]
    [InlineData("http://x.localhost:{0}/")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    public async Task A_hook_that_leads_to_the_servers_own_network_is_refused_or_leads_nowhere(string pattern)
    {
        await using var forbidden = await WebhookReceiver.StartAsync(Secret);
        await using var configured = await WebhookReceiver.StartAsync(Secret);
        await using var stream = await LocalStream.StartAsync(
            new LocalStreamOptions { ApiSecret = Secret, WebhookUrl = configured.Url });
        var url = string.Format(null, pattern, new Uri(forbidden.Url).Port);

        var main = await stream.AsServer().Patch("/app", $$"""{"event_hooks":[{"webhook_url":"{{url}}"}]}""");
        await stream.As("alice").Post("/video/call/default/demo");

        Assert.True(main.Status is 400 or 200 or 201, main.Json.ToString());
        Assert.Equal("call.created", (await configured.Next()).Type);
        await stream.DisposeAsync(); // delivers what waits, or gives it up
        Assert.False(forbidden.HasAny);
    }

    [Fact]
    public async Task A_name_counts_as_the_address_it_has_when_events_are_sent()
    {
        await using var receiver = await WebhookReceiver.StartAsync(Secret);
        using var meters = new OwnMeters();
        using var http = WebhookClient.Guarded(new WebhookNetworks([]), meters);
        using var allowed = WebhookClient.Guarded(new WebhookNetworks(["127.0.0.1"]), meters);
        var url = new Uri($"http://localhost:{new Uri(receiver.Url).Port}/");

        var failed = await Assert.ThrowsAsync<HttpRequestException>(() => http.PostAsync(url, null));
        Assert.False(receiver.HasAny);
        using var arrived = await allowed.PostAsync(url, null);

        Assert.Contains("not public", failed.ToString());
        Assert.True(receiver.HasAny);
    }

    [Fact]
    public async Task What_the_operator_configured_leads_anywhere_also_when_it_is_set_again()
    {
        await using var configured = await WebhookReceiver.StartAsync(Secret);
        await using var stream = await LocalStream.StartAsync(
            new LocalStreamOptions { ApiSecret = Secret, WebhookUrl = configured.Url });

        (await stream.AsServer().Patch("/app", $$"""{"webhook_url":"{{configured.Url}}"}""")).Ok();
        await stream.As("alice").Post("/video/call/default/demo");

        Assert.Equal("call.created", (await configured.Next()).Type);
    }

    [Fact]
    public async Task A_redirect_is_followed_nowhere()
    {
        await using var elsewhere = await WebhookReceiver.StartAsync(Secret);
        await using var configured = await WebhookReceiver.StartAsync(Secret);
        configured.Statuses.Enqueue(307);
        configured.Location = elsewhere.Url;
        await using (var stream = await LocalStream.StartAsync(
            new LocalStreamOptions { ApiSecret = Secret, WebhookUrl = configured.Url }))
        {
            await stream.As("alice").Post("/video/call/default/demo");
            Assert.Equal("call.created", (await configured.Next()).Type);
        }

        Assert.False(elsewhere.HasAny);
    }
}
