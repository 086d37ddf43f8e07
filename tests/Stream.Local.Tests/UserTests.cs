using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

public sealed class UserTests : IAsyncLifetime
{
    private LocalStream _stream = null!;
    private ApiClient _server = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync();
        _server = _stream.AsServer();
    }

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Fact]
    public async Task A_server_creates_users_and_replaces_them_as_a_whole()
    {
        var created = await _server.Post("/users", """{"users":{"alice":{"id":"alice","name":"Alice","role":"admin","custom":{"a":1}}}}""");
        var replaced = await _server.Post("/users", """{"users":{"alice":{"id":"alice","image":"i.png"}}}""");

        Assert.Equal(201, created.Status);
        Assert.Equal("Alice", created.Text("users.alice.name"));
        Assert.Equal(1, created["users.alice.custom.a"].GetInt32());
        Assert.False(replaced.Has("users.alice.name"));
        Assert.Equal("i.png", replaced.Text("users.alice.image"));
        Assert.Equal("admin", replaced.Text("users.alice.role"));
        Assert.False(replaced.Has("users.alice.custom.a"));
        Assert.Equal(created["users.alice.created_at"].GetInt64(), replaced["users.alice.created_at"].GetInt64());
    }

    [Fact]
    public async Task A_partial_update_changes_what_it_names()
    {
        await _server.Post("/users", """{"users":{"alice":{"id":"alice","name":"Alice","custom":{"a":1,"b":{"c":2,"d":3}}}}}""");

        var patched = await _server.Patch(
            "/users", """{"users":[{"id":"alice","set":{"role":"moderator","color":"red","custom.b.c":5},"unset":["name","a","b.d"]}]}""");

        Assert.Equal(200, patched.Status);
        Assert.False(patched.Has("users.alice.name"));
        Assert.Equal("moderator", patched.Text("users.alice.role"));
        Assert.Equal("red", patched.Text("users.alice.custom.color"));
        Assert.Equal(5, patched["users.alice.custom.b.c"].GetInt32());
        Assert.False(patched.Has("users.alice.custom.a"));
        Assert.False(patched.Has("users.alice.custom.b.d"));
    }

    [Theory]
    [InlineData("""{"users":[{"id":"alice","set":{"id":"bob"}}]}""", "id")]
    [InlineData("""{"users":[{"id":"alice","set":{"name":1}}]}""", "name")]
    [InlineData("""{"users":[{"id":"alice","set":{"teams":"x"}}]}""", "teams")]
    [InlineData("""{"users":[{"id":"alice","unset":["created_at"]}]}""", "created_at")]
    public async Task A_partial_update_names_what_it_cannot_change(string body, string field)
    {
        await _server.Post("/users", """{"users":{"alice":{"id":"alice"}}}""");

        (await _server.Patch("/users", body)).Refused(400, 4, field);
    }

    [Fact]
    public async Task A_partial_update_of_nobody_is_refused() =>
        (await _server.Patch("/users", """{"users":[{"id":"nobody","set":{"name":"x"}}]}""")).Refused(404, 16, "nobody");

    [Theory]
    [InlineData("no spaces")]
    [InlineData("no.dots")]
    [InlineData("")]
    public async Task Ids_have_a_character_set(string id) =>
        (await _server.Post("/users", $$$"""{"users":{"{{{id}}}":{"id":"{{{id}}}"} } }""")).Refused(400, 4, "user id");

    [Fact]
    public async Task Ids_of_10001_characters_are_refused_clearly()
    {
        var id = new string('a', 10_001);

        (await _server.Post("/users", $$$"""{"users":{"{{{id}}}":{"id":"{{{id}}}"} } }""")).Refused(400, 4, "255 characters");
        (await _server.Get($"/video/call/default/{id}")).Refused(400, 4, "64 characters");
        (await _stream.As("alice").Post($"/video/call/{id}/x/join")).Refused(400, 4, "64 characters");
        (await _stream.As(id).Get("/video/call/default/x")).Refused(400, 4, "255 characters");
    }

    [Fact]
    public async Task Custom_data_is_bounded()
    {
        var big = new string('x', 6_000);

        (await _server.Post("/users", $$$"""{"users":{"a":{"id":"a","custom":{"x":"{{{big}}}"} } } }""")).Refused(400, 4, "custom");
    }

    [Fact]
    public async Task Custom_data_is_bounded_in_depth()
    {
        await _server.Post("/users", """{"users":{"a":{"id":"a"}}}""");
        var deep = string.Concat(Enumerable.Repeat("""{"x":""", 40)) + "1" + new string('}', 40);
        var path = string.Join('.', Enumerable.Repeat("x", 3_000));

        (await _server.Patch("/users", $$$"""{"users":[{"id":"a","set":{"custom":{{{deep}}} } }]}""")).Refused(400, 4, "custom");
        (await _server.Patch("/users", $$$"""{"users":[{"id":"a","set":{"{{{path}}}":1}}]}""")).Refused(400, 4, "path");
    }

    [Fact]
    public async Task Creating_a_call_for_a_user_keeps_what_is_known_of_it()
    {
        await _server.Post("/users", """{"users":{"ann":{"id":"ann","name":"Ann","role":"admin"}}}""");

        var call = await _server.Post("/video/call/default/demo", """{"data":{"created_by":{"id":"ann","image":"i.png"}}}""");

        Assert.Equal("Ann", call.Ok().Text("call.created_by.name"));
        Assert.Equal("i.png", call.Text("call.created_by.image"));
        Assert.Equal("admin", call.Text("call.created_by.role"));
    }

    [Fact]
    public async Task A_user_blocks_and_unblocks_others()
    {
        await _server.Post("/users", """{"users":{"ann":{"id":"ann"},"ben":{"id":"ben"}}}""");
        var ann = _stream.As("ann");

        (await ann.Post("/users/block", """{"blocked_user_id":"ben"}""")).Ok();
        (await ann.Post("/users/block", """{"blocked_user_id":"ann"}""")).Refused(400, 4);
        (await ann.Post("/users/block", """{"blocked_user_id":"zoe"}""")).Refused(404, 16);
        var listed = await ann.Get("/users/block");
        (await ann.Post("/users/unblock", """{"blocked_user_id":"ben"}""")).Ok();

        Assert.Equal("ben", listed.Ok().Text("blocks.0.blocked_user_id"));
        Assert.Empty((await ann.Get("/users/block"))["blocks"].EnumerateArray());
    }

    [Fact]
    public async Task A_body_too_big_is_refused()
    {
        var answer = await _server.Post("/users", new string(' ', 2 * 1024 * 1024));

        answer.Refused(413, 22);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"users":5}""")]
    [InlineData("""{"users":{}} trailing""")]
    public async Task A_body_of_another_shape_is_refused(string body) => (await _server.Post("/users", body)).Refused(400, 4, "body");

    [Fact]
    public async Task Users_are_found_by_filter_sorted_and_cut()
    {
        await _server.Post("/users", """
            {"users":{
              "ann":{"id":"ann","name":"Ann Smith","role":"admin","custom":{"level":3}},
              "ben":{"id":"ben","name":"Ben Stone","custom":{"level":1}},
              "cat":{"id":"cat","name":"Cat Smith","custom":{"level":2}}}}
            """);

        Assert.Equal(["ann", "cat"], await Ids("""{"filter_conditions":{"name":{"$autocomplete":"smi"}},"sort":[{"field":"id","direction":1}]}"""));
        Assert.Equal(["ben", "cat"], await Ids("""{"filter_conditions":{"id":{"$in":["cat","ben","zoe"]}},"sort":[{"field":"level","direction":1}]}"""));
        Assert.Equal(["cat", "ann"], await Ids("""{"filter_conditions":{"level":{"$gte":2}},"sort":[{"field":"custom.level","direction":1}]}"""));
        Assert.Equal(["ann"], await Ids("""{"filter_conditions":{"$or":[{"role":"admin"},{"name":"nobody"}]}}"""));
        Assert.Equal(["ben"], await Ids("""{"filter_conditions":{"$nor":[{"name":{"$q":"SMITH"}}]}}"""));
        Assert.Equal(["cat"], await Ids("""{"filter_conditions":{},"sort":[{"field":"level","direction":-1}],"limit":1,"offset":1}"""));
    }

    [Theory]
    [InlineData("""{"filter_conditions":{"id":{"$near":1}}}""", "$near")]
    [InlineData("""{"filter_conditions":{"created_at":{"$gt":"yesterday"}}}""", "created_at")]
    [InlineData("""{"filter_conditions":{"$or":{}}}""", "$or")]
    [InlineData("""{"filter_conditions":{"banned":"yes"}}""", "banned")]
    [InlineData("""{"filter_conditions":{},"sort":[{"field":"id","direction":2}]}""", "direction")]
    [InlineData("""{"filter_conditions":{},"limit":101}""", "limit")]
    [InlineData("""nonsense""", "payload")]
    public async Task A_query_names_what_it_does_not_take(string payload, string part) =>
        (await _server.Get($"/users?payload={Uri.EscapeDataString(payload)}")).Refused(400, 4, part);

    [Fact]
    public async Task A_deleted_user_is_gone_until_restored()
    {
        await _server.Post("/users", """{"users":{"alice":{"id":"alice","name":"Alice"}}}""");

        (await _server.Post("/users/delete", """{"user_ids":["alice"],"user":"soft"}""")).Ok();
        Assert.Empty(await Ids("""{"filter_conditions":{"id":"alice"}}"""));
        (await _server.Post("/users/restore", """{"user_ids":["alice"]}""")).Ok();
        Assert.Equal(["alice"], await Ids("""{"filter_conditions":{"id":"alice"}}"""));
    }

    [Fact]
    public async Task A_guest_gets_an_account_of_its_own_and_a_token()
    {
        var guest = await _stream.With(null).Post("/guest", """{"user":{"id":"visitor","name":"Visitor"}}""");

        Assert.Equal(201, guest.Status);
        var id = guest.Text("user.id")!;
        Assert.NotEqual("visitor", id);
        Assert.EndsWith("visitor", id);
        Assert.Equal("guest", guest.Text("user.role"));
        await _stream.As("alice").Post("/video/call/default/demo");
        (await _stream.With(guest.Text("access_token")).Post("/video/call/default/demo/join", """{"location":"auto"}""")).Ok();
    }

    [Fact]
    public async Task Devices_are_kept_for_their_user()
    {
        var alice = _stream.As("alice");

        (await alice.Post("/devices", """{"id":"phone","push_provider":"firebase"}""")).Ok();
        (await alice.Post("/devices", """{"id":"fax","push_provider":"telex"}""")).Refused(400, 4, "push_provider");
        var listed = await alice.Get("/devices");
        (await alice.Delete("/devices?id=phone")).Ok();

        Assert.Equal("phone", listed.Text("devices.0.id"));
        Assert.Equal("alice", listed.Text("devices.0.user_id"));
        Assert.Empty((await alice.Get("/devices"))["devices"].EnumerateArray());
        (await alice.Delete("/devices?id=phone")).Refused(404, 16);
    }

    private async Task<string[]> Ids(string payload)
    {
        var answer = await _server.Get($"/users?payload={Uri.EscapeDataString(payload)}");
        return [.. answer.Ok()["users"].EnumerateArray().Select(user => user.GetProperty("id").GetString()!)];
    }

    [Theory]
    [InlineData("""[{"id":"jane","set":{"name":"A"}},{"id":"joe","set":{"name":"B"}},{"id":"jane","set":{"name":"C"}}]""", 400, 4, "jane")]
    [InlineData("""[{"id":"jane","set":{"name":"A"}},{"id":"nobody","set":{"name":"B"}}]""", 404, 16, "nobody")]
    [InlineData("""[{"id":"jane","set":{"name":"A"}},{"id":"joe","set":{"name":5}}]""", 400, 4, "name")]
    [InlineData("""[{"id":"jane","set":{"name":"A"}},{"id":"joe","set":{"role":"no such role"}}]""", 400, 4, "no such role")]
    public async Task A_change_of_several_users_that_is_refused_changes_none(string users, int status, int code, string part)
    {
        await using var stream = await LocalStream.StartAsync();
        (await stream.AsServer().Post("/users", """{"users":{"jane":{"id":"jane","name":"Jane"},"joe":{"id":"joe","name":"Joe"}}}""")).Ok();

        (await stream.AsServer().Patch("/users", $$"""{"users":{{users}}}""")).Refused(status, code, part);

        var found = (await stream.AsServer().Get("""/users?payload={"filter_conditions":{"id":{"$in":["jane","joe"]}},"sort":[{"field":"id","direction":1}]}""")).Ok();
        Assert.Equal(("Jane", "Joe"), (found.Text("users.0.name"), found.Text("users.1.name")));
    }

    [Fact]
    public async Task Of_several_new_users_none_is_created_when_one_cannot_be()
    {
        await using var stream = await LocalStream.StartAsync();

        (await stream.AsServer().Post("/users", """{"users":{"jane":{"id":"jane"},"joe":{"id":"joe","role":"no such role"}}}""")).Refused(400, 4, "no such role");

        var found = (await stream.AsServer().Get("""/users?payload={"filter_conditions":{"id":"jane"}}""")).Ok();
        Assert.Equal(0, found["users"].GetArrayLength());
    }

    [Fact]
    public async Task Guests_are_bounded_in_number_and_in_time()
    {
        var clock = new ManualClock();
        await using var stream = await LocalStream.StartAsync(
            new LocalStreamOptions { MaxGuests = 3, MaxGuestsPerMinute = 2 }, clock);
        var anybody = stream.With(null);

        (await anybody.Post("/guest", """{"user":{"id":"a"}}""")).Ok();
        (await anybody.Post("/guest", """{"user":{"id":"b"}}""")).Ok();
        var tooFast = await anybody.Post("/guest", """{"user":{"id":"c"}}""");
        clock.Advance(TimeSpan.FromMinutes(1));
        (await anybody.Post("/guest", """{"user":{"id":"c"}}""")).Ok();
        var tooMany = await anybody.Post("/guest", """{"user":{"id":"d"}}""");

        tooFast.Refused(429, 9, "2 times a minute");
        Assert.NotNull(tooFast.Headers.RetryAfter);
        tooMany.Refused(400, 4, "at most 3 guests");
    }
}
