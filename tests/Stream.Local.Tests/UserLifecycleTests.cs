using System.Text.Json;
using GetStream.Local.Tests.Support;
using GetStream.Models;

namespace GetStream.Local.Tests;

/// <summary>Users who are deactivated, deleted, brought back and exported, and what others hear of it.</summary>
public sealed class UserLifecycleTests : IAsyncLifetime
{
    private LocalStream _stream = null!;
    private CommonClient _server = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync();
        _server = _stream.Client.Common;
        await _stream.AsServer().Post("/users", """
            {"users":{"ann":{"id":"ann","name":"Ann","custom":{"a":1}},"ben":{"id":"ben","name":"Ben"},"cat":{"id":"cat"}}}
            """);
    }

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Fact]
    public async Task Deactivating_and_reactivating_is_told_to_the_user()
    {
        await using var socket = await EventSocket.ConnectAsync(_stream, "ann");

        await _server.DeactivateUserAsync("ann", new DeactivateUserRequest { CreatedById = "ben" });

        var deactivated = await socket.Next("user.deactivated");
        Assert.Equal("ben", deactivated.GetProperty("created_by").GetProperty("id").GetString());
        Assert.Equal(JsonValueKind.Number, deactivated.GetProperty("user").GetProperty("deactivated_at").ValueKind);
        await socket.Closed();
        (await _stream.As("ann").Get("/devices")).Refused(403, 17, "deactivated");

        await _server.ReactivateUsersAsync(new ReactivateUsersRequest { UserIds = ["ann"] });
        (await _stream.As("ann").Get("/devices")).Ok();
    }

    [Fact]
    public async Task Deleting_is_told_to_those_in_the_same_call()
    {
        await using var socket = await EventSocket.ConnectAsync(_stream, "ben");
        await _stream.As("ben").Watching(socket).Post("/video/call/default/demo");
        _stream.Sfu.Join("default:demo", "ann", "s1");
        await socket.Next("call.session_participant_joined");

        await _server.DeleteUsersAsync(new DeleteUsersRequest { UserIds = ["ann"] });

        var deleted = await socket.Next("user.deleted");
        Assert.Equal("ann", deleted.GetProperty("user").GetProperty("id").GetString());
        Assert.Equal("soft", deleted.GetProperty("delete_user").GetString());
        Assert.False(deleted.GetProperty("hard_delete").GetBoolean());
    }

    [Theory]
    [InlineData("/users/ann/deactivate", "{}")]
    [InlineData("/users/deactivate", """{"user_ids":["ann"]}""")]
    [InlineData("/users/delete", """{"user_ids":["ann"]}""")]
    [InlineData("/users/delete", """{"user_ids":["ann"],"user":"hard","messages":"hard","conversations":"hard"}""")]
    public async Task A_removed_user_is_out_of_the_calls_it_was_in_and_of_no_other(string path, string body)
    {
        await using var socket = await EventSocket.ConnectAsync(_stream, "ben");
        await _stream.As("ben").Watching(socket).Post("/video/call/default/demo");
        await _stream.As("ben").Watching(socket).Post("/video/call/default/other");
        _stream.Sfu.Join("default:demo", "ann", "s1");
        await socket.Next("call.session_participant_joined");
        _stream.Sfu.Join("default:other", "ben", "s2");
        await socket.Next("call.session_participant_joined");

        (await _stream.AsServer().Post(path, body)).Ok();

        Assert.Equal("kick default:demo ann", Assert.Single(_stream.Sfu.Commands.Distinct()));
    }

    [Fact]
    public async Task A_pruned_user_comes_back_empty_and_a_soft_deleted_one_whole()
    {
        await _server.DeleteUsersAsync(new DeleteUsersRequest { UserIds = ["ann"], User = ContentDeletion.Pruning });
        await _server.DeleteUsersAsync(new DeleteUsersRequest { UserIds = ["ben"], User = ContentDeletion.Soft });
        await _server.RestoreUsersAsync(new RestoreUsersRequest { UserIds = ["ann", "ben"] });

        var ann = (await _server.ExportUserAsync("ann")).Data.User!;
        var ben = (await _server.ExportUserAsync("ben")).Data.User!;

        Assert.Null(ann.Name);
        Assert.Empty(ann.Custom);
        Assert.Equal("Ben", ben.Name);
    }

    [Fact]
    public async Task A_token_does_not_bring_a_deleted_user_back()
    {
        await _server.DeleteUsersAsync(new DeleteUsersRequest { UserIds = ["ann"] });

        (await _stream.As("ann").Get("/devices")).Refused(404, 16, "deleted");
        await using var socket = await EventSocket.OpenAsync(_stream);
        await socket.AuthenticateAsync(_stream.As("ann").Token!, "ann");
        Assert.Equal(16, (await socket.Next("connection.error")).GetProperty("error").GetProperty("code").GetInt32());

        await _server.RestoreUsersAsync(new RestoreUsersRequest { UserIds = ["ann"] });
        (await _stream.As("ann").Get("/devices")).Ok();
        Assert.Equal("Ann", (await _server.ExportUserAsync("ann")).Data.User!.Name);
    }

    [Fact]
    public async Task A_hard_deleted_user_is_forgotten()
    {
        await _stream.As("ann").Post("/devices", """{"id":"phone","push_provider":"apn"}""");
        await _server.CreateUserGroupAsync(new CreateUserGroupRequest { Id = "tea", Name = "Tea", MemberIds = ["ann", "ben"] });

        await _server.DeleteUsersAsync(new DeleteUsersRequest
        {
            UserIds = ["ann"], User = ContentDeletion.Hard, Messages = ContentDeletion.Hard, Conversations = Deletion.Hard,
        });

        (await _stream.AsServer().Post("/users/restore", """{"user_ids":["ann"]}""")).Refused(404, 16, "ann");
        Assert.Equal(["ben"], (await _server.GetUserGroupAsync("tea")).Data.UserGroup!.Members!.Select(member => member.UserId));
        Assert.Empty((await _stream.As("ann").Get("/devices")).Ok()["devices"].EnumerateArray());
    }

    [Theory]
    [InlineData("""{"user_ids":["ann"],"user":"hard"}""", "messages")]
    [InlineData("""{"user_ids":["ann"],"user":"gone"}""", "user")]
    [InlineData("""{"user_ids":["ann"],"calls":"pruning"}""", "calls")]
    [InlineData("""{"user_ids":["ann"],"new_call_owner_id":"ann"}""", "new_call_owner_id")]
    public async Task A_deletion_that_cannot_be_deletes_nobody(string body, string part)
    {
        (await _stream.AsServer().Post("/users/delete", body)).Refused(400, 4, part);

        Assert.Null((await _server.ExportUserAsync("ann")).Data.User!.DeletedAt);
    }

    [Fact]
    public async Task Calls_of_two_go_with_either_and_others_get_a_new_owner()
    {
        await _stream.As("ann").Post("/video/call/default/two", """{"data":{"members":[{"user_id":"ann"},{"user_id":"ben"}]}}""");
        await _stream.As("ann").Post("/video/call/default/three", """{"data":{"members":[{"user_id":"ann"},{"user_id":"ben"},{"user_id":"cat"}]}}""");

        await _server.DeleteUsersAsync(new DeleteUsersRequest { UserIds = ["ann"], Calls = Deletion.Hard, NewCallOwnerId = "cat" });

        (await _stream.As("ben").Get("/video/call/default/two")).Refused(404, 16);
        Assert.Equal("cat", (await _stream.As("ben").Get("/video/call/default/three")).Ok().Text("call.created_by.id"));
    }

    [Fact]
    public async Task An_export_is_a_task_whose_file_holds_the_users()
    {
        await _stream.As("ann").Post("/video/call/default/demo");
        await _stream.As("ann").Post("/devices", """{"id":"phone","push_provider":"apn"}""");

        var task = (await _server.ExportUsersAsync(new ExportUsersRequest { UserIds = ["ann", "ben"] })).Data.TaskId;
        var done = (await _server.GetTaskAsync(task)).Data;
        var file = JsonSerializer.Deserialize<JsonElement>(await _stream.Http.GetStringAsync((string)done.Result!["url"]!));

        Assert.Equal("completed", done.Status);
        var ann = file.GetProperty("users")[0];
        Assert.Equal("Ann", ann.GetProperty("name").GetString());
        Assert.Equal("default:demo", ann.GetProperty("calls")[0].GetString());
        Assert.Equal("phone", ann.GetProperty("devices")[0].GetProperty("id").GetString());
        Assert.Equal(2, file.GetProperty("users").GetArrayLength());
        (await _stream.With(null).Get("/../../exports/nothing")).Refused(404, 16, "nothing");
    }

    [Fact]
    public async Task Deleting_a_call_for_good_is_a_task_that_is_done()
    {
        await _stream.As("ann").Post("/video/call/default/demo");

        var hard = (await _stream.Client.Video.Call("default", "demo").DeleteAsync(new DeleteCallRequest { Hard = true })).Data;

        Assert.Equal("completed", (await _server.GetTaskAsync(hard.TaskId!)).Data.Status);
    }

    [Fact]
    public async Task Push_preferences_are_the_users_own()
    {
        (await _stream.As("ann").Post("/push_preferences", """{"preferences":[{"call_level":"none","disabled_until":"2030-01-01T00:00:00Z"}]}""")).Ok();
        (await _stream.As("ann").Post("/push_preferences", """{"preferences":[{"feeds_level":"all"}]}""")).Ok();
        (await _stream.As("ann").Post("/push_preferences", """{"preferences":[{"user_id":"ben","call_level":"none"}]}""")).Refused(403, 17, "ann");
        (await _stream.As("ann").Post("/push_preferences", """{"preferences":[{"channel_cid":"messaging:x"}]}""")).Refused(501, 19, "channel_cid");
        (await _stream.As("ann").Post("/push_preferences", """{"preferences":[]}""")).Refused(400, 4, "preferences");

        await using var socket = await EventSocket.OpenAsync(_stream);
        await socket.AuthenticateAsync(_stream.As("ann").Token!, "ann");
        var kept = (await socket.Next("connection.ok")).GetProperty("me").GetProperty("push_preferences");

        Assert.Equal("none", kept.GetProperty("call_level").GetString());
        Assert.Equal("all", kept.GetProperty("feeds_level").GetString());
        Assert.True(kept.TryGetProperty("disabled_until", out _));
    }

    [Fact]
    public async Task Watchers_hear_when_a_user_comes_and_goes()
    {
        await using var watcher = await EventSocket.ConnectAsync(_stream, "ben");
        (await _stream.As("ben").Watching(watcher).Get("""/users?payload={"filter_conditions":{"id":{"$in":["ann","cat"]}},"presence":true}""")).Ok();

        var first = await EventSocket.ConnectAsync(_stream, "ann");
        var second = await EventSocket.ConnectAsync(_stream, "ann");
        var came = await watcher.Next("user.presence.changed");
        await first.DisposeAsync();
        await second.DisposeAsync();
        var left = await watcher.Next("user.presence.changed");

        Assert.Equal("ann", came.GetProperty("user").GetProperty("id").GetString());
        Assert.True(came.GetProperty("user").GetProperty("online").GetBoolean());
        Assert.False(left.GetProperty("user").GetProperty("online").GetBoolean());
        Assert.Empty(await watcher.TypesSoFar());
    }

    [Fact]
    public async Task Who_does_not_want_to_be_seen_is_not_told_of()
    {
        await using var watcher = await EventSocket.ConnectAsync(_stream, "ben");
        await _stream.AsServer().Patch("/users", """{"users":[{"id":"ann","set":{"invisible":true}}]}""");
        await _stream.As("ben").Watching(watcher).Get("""/users?payload={"filter_conditions":{"id":"ann"},"presence":true}""");

        await using (await EventSocket.ConnectAsync(_stream, "ann"))
            Assert.Empty(await watcher.TypesSoFar());
    }
}
