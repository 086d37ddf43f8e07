using GetStream.Auth;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

public sealed class TokenTests : IAsyncLifetime
{
    private LocalStream _stream = null!;

    public async Task InitializeAsync() => _stream = await LocalStream.StartAsync();

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Fact]
    public async Task Without_an_api_key_nothing_is_served()
    {
        using var answer = await _stream.Http.GetAsync("/api/v2/video/call/default/demo");
        (await ApiAnswer.ReadAsync(answer)).Refused(401, 2, "api_key");

        using var other = await _stream.Http.GetAsync("/api/v2/video/call/default/demo?api_key=other");
        (await ApiAnswer.ReadAsync(other)).Refused(401, 2, "api_key");
    }

    [Fact]
    public async Task Without_a_token_only_anonymous_users_come_in()
    {
        using var answer = await _stream.Http.PostAsync($"/api/v2/video/call/default/demo?api_key={_stream.ApiKey}", null);

        (await ApiAnswer.ReadAsync(answer)).Refused(401, 5, "token");
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("a.b.c")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.e30.")]
    public async Task A_token_that_is_none_is_refused(string token)
    {
        var answer = await _stream.With(token).Get("/video/call/default/demo");

        Assert.Equal(401, answer.Status);
        Assert.Contains(answer["code"].GetInt32(), new[] { 5, 43 });
    }

    [Fact]
    public async Task An_unsigned_token_is_refused() =>
        (await _stream.With("eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiYWxpY2UifQ.").Get("/video/call/default/demo")).Refused(401, 43);

    [Fact]
    public async Task A_token_with_another_secret_is_refused() =>
        (await _stream.With(StreamTokens.CreateUserToken("another secret", "alice")).Get("/video/call/default/demo")).Refused(401, 43);

    [Fact]
    public async Task An_expired_token_is_refused()
    {
        var clock = new ManualClock();
        clock.Advance(DateTimeOffset.UtcNow - TimeSpan.FromHours(2) - clock.GetUtcNow());
        var alice = _stream.As("alice", new UserTokenClaims { ExpiresIn = TimeSpan.FromHours(1) }, clock);

        (await alice.Get("/video/call/default/demo")).Refused(401, 40, "expired");
    }

    [Fact]
    public async Task A_revoked_token_is_refused_and_a_newer_one_is_not()
    {
        (await _stream.As("alice").Post("/video/call/default/demo")).Ok();
        var revoked = await _stream.AsServer().Patch(
            "/users", """{"users":[{"id":"alice","set":{"revoke_tokens_issued_before":"2999-01-01T00:00:00Z"}}]}""");
        revoked.Ok();

        (await _stream.As("alice").Get("/video/call/default/demo")).Refused(401, 40, "revoked");
        (await _stream.AsServer().Patch("/users", """{"users":[{"id":"alice","unset":["revoke_tokens_issued_before"]}]}""")).Ok();
        (await _stream.As("alice").Get("/video/call/default/demo")).Ok();
    }

    [Fact]
    public async Task Bearer_is_tolerated()
    {
        await _stream.As("alice").Post("/video/call/default/demo");

        (await _stream.With($"Bearer {_stream.As("alice").Token}").Get("/video/call/default/demo")).Ok();
    }

    [Fact]
    public async Task A_token_without_claims_is_a_servers()
    {
        // {"alg":"HS256","typ":"JWT"}.{} as one official SDK makes them.
        const string Unsigned = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30";
        var signature = System.Security.Cryptography.HMACSHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes(_stream.ApiSecret), System.Text.Encoding.ASCII.GetBytes(Unsigned));
        var token = $"{Unsigned}.{System.Buffers.Text.Base64Url.EncodeToString(signature)}";

        (await _stream.With(token).Post("/users", """{"users":{"bob":{"id":"bob"}}}""")).Ok();
    }

    [Fact]
    public async Task Users_may_not_do_what_servers_may()
    {
        (await _stream.As("alice").Get("/video/calltypes")).Refused(403, 17, "server");
        (await _stream.As("alice").Post("/users/delete", """{"user_ids":["bob"]}""")).Refused(403, 17, "server");
        (await _stream.As("alice").Post("/users", """{"users":{"bob":{"id":"bob"}}}""")).Refused(403, 17);
        (await _stream.As("alice").Post("/users", """{"users":{"alice":{"id":"alice","role":"admin"}}}""")).Refused(403, 17);
    }

    [Fact]
    public async Task Unknown_users_are_refused_when_users_must_exist()
    {
        await using var strict = await LocalStream.StartAsync(new LocalStreamOptions { CreateUnknownUsers = false });

        (await strict.As("alice").Post("/video/call/default/demo/join", """{"location":"auto","create":true}""")).Refused(404, 16, "alice");
        await using var socket = await EventSocket.ConnectAsync(strict, "alice");
        (await strict.As("alice").Post("/video/call/default/demo/join", """{"location":"auto","create":true}""")).Ok();
    }

    [Fact]
    public async Task Too_many_requests_are_refused_until_the_next_minute()
    {
        var clock = new ManualClock();
        await using var stream = await LocalStream.StartAsync(new LocalStreamOptions { RateLimitPerMinute = 2 }, clock);
        var alice = stream.As("alice", clock: clock);

        var first = (await alice.Post("/video/call/default/demo")).Ok();
        (await alice.Post("/video/call/default/demo")).Ok();
        var third = (await alice.Post("/video/call/default/demo")).Refused(429, 9);
        clock.Advance(TimeSpan.FromMinutes(1));
        (await alice.Post("/video/call/default/demo")).Ok();

        Assert.Equal(["2"], first.Headers.GetValues("X-RateLimit-Limit"));
        Assert.Equal(["1"], first.Headers.GetValues("X-RateLimit-Remaining"));
        Assert.Single(first.Headers.GetValues("X-RateLimit-Reset"));
        Assert.Single(third.Headers.GetValues("Retry-After"));
    }
}
