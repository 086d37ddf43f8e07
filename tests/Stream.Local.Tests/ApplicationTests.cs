using GetStream.Local.Tests.Support;
using GetStream.Models;

namespace GetStream.Local.Tests;

/// <summary>The application's settings, roles and rate limits.</summary>
public sealed class ApplicationTests : IAsyncLifetime
{
    private LocalStream _stream = null!;
    private CommonClient _server = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync();
        _server = _stream.Client.Common;
    }

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Fact]
    public async Task The_application_shows_its_settings_and_call_types()
    {
        await _server.UpdateAppAsync(new UpdateAppRequest { WebhookEvents = ["call.created"], GuestUserCreationDisabled = true });

        var app = (await _server.GetAppAsync()).Data.App;

        Assert.Equal(["call.created"], app.WebhookEvents);
        Assert.True(app.GuestUserCreationDisabled);
        Assert.Equal(["audio_room", "default", "development", "livestream"], app.CallTypes.Keys.Order());
        Assert.Equal(1280, app.CallTypes["default"].Settings!.Video!.TargetResolution!.Width);
    }

    [Fact]
    public async Task A_setting_that_nothing_acts_on_is_named_and_changes_nothing()
    {
        (await _stream.AsServer().Patch("/app", """{"guest_user_creation_disabled":true,"campaign_enabled":true,"cdn_expiration_seconds":20000}"""))
            .Refused(501, 19, "cdn_expiration_seconds");

        Assert.False((await _server.GetAppAsync()).Data.App.GuestUserCreationDisabled);
    }

    [Fact]
    public async Task Guests_are_refused_when_the_application_takes_none()
    {
        await _server.UpdateAppAsync(new UpdateAppRequest { GuestUserCreationDisabled = true });

        (await _stream.With(null).Post("/guest", """{"user":{"id":"visitor"}}""")).Refused(403, 17, "guests");
    }

    [Fact]
    public async Task Revoking_refuses_tokens_issued_before()
    {
        var early = _stream.As("alice", clock: new ManualClock());
        var late = _stream.As("alice");
        await _server.UpdateAppAsync(new UpdateAppRequest { RevokeTokensIssuedBefore = DateTimeOffset.UtcNow.AddMinutes(-10) });

        (await early.Get("/devices")).Refused(401, 40, "revoked");
        (await late.Get("/devices")).Ok();

        await _server.UpdateAppAsync(new UpdateAppRequest { RevokeTokensIssuedBefore = DateTimeOffset.UnixEpoch });
        (await early.Get("/devices")).Ok();
    }

    [Fact]
    public async Task Names_tell_users_apart_when_the_application_wants_it()
    {
        await _server.UpdateAppAsync(new UpdateAppRequest { EnforceUniqueUsernames = new("app") });
        await _stream.AsServer().Post("/users", """{"users":{"ann":{"id":"ann","name":"Ann"}}}""");

        (await _stream.AsServer().Post("/users", """{"users":{"eve":{"id":"eve","name":"Ann"}}}""")).Refused(400, 6, "Ann");
        (await _stream.AsServer().Post("/users", """{"users":{"ann":{"id":"ann","name":"Ann"}}}""")).Ok();

        await _server.UpdateAppAsync(new UpdateAppRequest { EnforceUniqueUsernames = new("team") });
        (await _stream.AsServer().Post("/users", """{"users":{"eve":{"id":"eve","name":"Ann","teams":["red"]}}}""")).Ok();
        (await _stream.AsServer().Post("/users", """{"users":{"may":{"id":"may","name":"Ann","teams":["red"]}}}""")).Refused(400, 6);
    }

    [Fact]
    public async Task Roles_may_be_kept_from_searching_users()
    {
        await _server.UpdateAppAsync(new UpdateAppRequest { UserSearchDisallowedRoles = ["user"] });

        (await _stream.As("alice").Get("""/users?payload={"filter_conditions":{}}""")).Refused(403, 17, "user");
        (await _stream.AsServer().Get("""/users?payload={"filter_conditions":{}}""")).Ok();
    }

    [Fact]
    public async Task Roles_show_the_call_types_that_grant_them_something()
    {
        await _server.CreateRoleAsync(new CreateRoleRequest { Name = "barista" });
        await _stream.Client.Video.UpdateCallTypeAsync(
            "default", new() { Grants = new Dictionary<string, IReadOnlyList<string>> { ["barista"] = ["join-call"] } });

        var roles = (await _server.ListRolesAsync()).Data.Roles;
        var found = (await _server.SearchRolesAsync(new SearchRolesQuery { Query = "BAR" })).Data.Roles;
        var after = (await _server.SearchRolesAsync(new SearchRolesQuery { Query = "a", NameGt = "admin", Limit = 1 })).Data.Roles;

        Assert.Equal(roles.Select(role => role.Name).Order(StringComparer.Ordinal), roles.Select(role => role.Name));
        Assert.False(roles.Single(role => role.Name == "admin").Custom);
        var barista = Assert.Single(found);
        Assert.True(barista.Custom);
        Assert.Equal(["video:default"], barista.Scopes);
        Assert.Equal(["anonymous"], after.Select(role => role.Name));
    }

    [Fact]
    public async Task A_role_that_users_hold_stays()
    {
        await _server.CreateRoleAsync(new CreateRoleRequest { Name = "barista" });
        await _stream.AsServer().Post("/users", """{"users":{"ann":{"id":"ann","role":"barista"}}}""");

        (await _stream.AsServer().Delete("/roles/barista")).Refused(400, 4, "barista");
        (await _stream.AsServer().Delete("/roles/nothing")).Refused(404, 16, "nothing");
    }

    [Fact]
    public async Task A_role_that_is_not_defined_cannot_be_held()
    {
        (await _stream.AsServer().Post("/users", """{"users":{"ann":{"id":"ann","role":"barista"}}}""")).Refused(400, 4, "barista");
        (await _stream.AsServer().Post("/users", """{"users":{"ann":{"id":"ann","role":"moderator"}}}""")).Ok();
        (await _stream.AsServer().Patch("/users", """{"users":[{"id":"ann","set":{"role":"barista"}}]}""")).Refused(400, 4, "barista");

        await _server.CreateRoleAsync(new CreateRoleRequest { Name = "barista" });

        (await _stream.AsServer().Patch("/users", """{"users":[{"id":"ann","set":{"role":"barista"}}]}""")).Ok();
    }

    [Fact]
    public async Task Rate_limits_tell_what_is_left()
    {
        await _server.ListRolesAsync();
        await _server.ListRolesAsync();

        var limits = (await _server.GetRateLimitsAsync(new GetRateLimitsQuery { ServerSide = true, Endpoints = "ListRoles,GetCall" })).Data;

        Assert.Equal(["GetCall", "ListRoles"], limits.ServerSide!.Keys.Order());
        Assert.Null(limits.Web);
        Assert.Equal(limits.ServerSide["GetCall"].Limit, limits.ServerSide["GetCall"].Remaining);
        // The minute may have turned between the calls.
        Assert.InRange(limits.ServerSide["ListRoles"].Remaining, limits.ServerSide["ListRoles"].Limit - 2, limits.ServerSide["ListRoles"].Limit);
    }
}
