using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StreamGateway.Upstream;

namespace StreamGateway.Tests.Stories;

/// <summary>Sessions outlive the tokens they joined with.</summary>
public sealed class TokenRenewalTests
{
    private static readonly TimeSpan TokenLife = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_session_gets_a_new_token_before_its_old_one_expires()
    {
        await using var gateway = new GatewayApplication().With(services => services.AddSingleton(
            provider => new StreamConnection(provider.GetRequiredService<IOptions<StreamOptions>>(), new Behind(TimeSpan.FromHours(24) - TokenLife))));
        var session = await gateway.JoinAsync("renewal", "alice");
        await using var events = await SseReader.OpenAsync(gateway.Http, $"/v1/sessions/{session}/events");

        // Each token is renewed after four fifths of its life: with the second question the first token is over.
        var first = await ExpiryAsync(events);
        var second = await ExpiryAsync(events);
        Assert.True(second > first);

        using var sent = await gateway.PostAsync($"/v1/sessions/{session}/custom_events", """{"custom":{"still":"here"}}""");
        Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
        await gateway.LeaveAsync(session);
    }

    private static async Task<long> ExpiryAsync(SseReader events)
    {
        var told = (await events.ReadUntilAsync("token_expiring")).Json.GetProperty("token_expiring");
        Assert.False(told.GetProperty("expired").GetBoolean());
        return long.Parse(told.GetProperty("expires_at_unix_ns").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A clock that is behind, so that tokens of a day are nearly over.</summary>
    private sealed class Behind(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - by;
    }
}
