using GetStream.Local.Tests.Support;
using GetStream.Models;

namespace GetStream.Local.Tests;

public sealed class UserGroupTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private LocalStream _stream = null!;
    private CommonClient _server = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync(clock: _clock);
        _server = _stream.Client.Common;
        await _stream.AsServer().Post("/users", """{"users":{"ann":{"id":"ann"},"ben":{"id":"ben"},"cat":{"id":"cat"}}}""");
    }

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Fact]
    public async Task Members_come_and_go()
    {
        await CreateAsync("tea", "Tea lovers", "ann");
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _server.AddUserGroupMembersAsync("tea", new AddUserGroupMembersRequest { MemberIds = ["ben", "cat"], AsAdmin = true });
        await _server.RemoveUserGroupMembersAsync("tea", new RemoveUserGroupMembersRequest { MemberIds = ["cat", "nobody"] });

        var group = (await _server.GetUserGroupAsync("tea")).Data.UserGroup!;

        Assert.Equal([("ann", false), ("ben", true)], group.Members!.Select(member => (member.UserId, member.IsAdmin)));
        Assert.True(group.UpdatedAt > group.CreatedAt);
    }

    [Fact]
    public async Task An_update_changes_what_it_names()
    {
        await CreateAsync("tea", "Tea lovers");

        await _server.UpdateUserGroupAsync("tea", new UpdateUserGroupRequest { Description = "Green and black", TeamId = "red" });

        var group = (await _server.GetUserGroupAsync("tea", new GetUserGroupQuery { TeamId = "red" })).Data.UserGroup!;
        Assert.Equal(("Tea lovers", "Green and black", "red"), (group.Name, group.Description, group.TeamId));
        (await _stream.AsServer().Get("/usergroups/tea?team_id=blue")).Refused(404, 16, "tea");
        await _server.DeleteUserGroupAsync("tea");
        (await _stream.AsServer().Get("/usergroups/tea")).Refused(404, 16, "tea");
    }

    [Fact]
    public async Task Lists_page_by_the_last_group_seen()
    {
        foreach (var id in new[] { "c", "a", "b" })
        {
            await CreateAsync(id, $"Group {id}");
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        var first = (await _server.ListUserGroupsAsync(new ListUserGroupsQuery { Limit = 2 })).Data.UserGroups;
        var created = first[1].CreatedAt.ToString("O", null);
        var second = (await _server.ListUserGroupsAsync(new ListUserGroupsQuery { CreatedAtGt = created, IdGt = "a" })).Data.UserGroups;
        var byId = (await _server.ListUserGroupsAsync(new ListUserGroupsQuery { IdGt = "a" })).Data.UserGroups;

        Assert.Equal(["c", "a"], first.Select(group => group.Id));
        Assert.Equal(["b"], second.Select(group => group.Id));
        Assert.Equal(["b", "c"], byId.Select(group => group.Id));
        (await _stream.AsServer().Get("/usergroups?created_at_gt=yesterday")).Refused(400, 4, "created_at_gt");
    }

    [Fact]
    public async Task A_search_finds_words_of_names_in_order()
    {
        await CreateAsync("1", "Tea lovers");
        await CreateAsync("2", "Green tea");
        await CreateAsync("3", "Steam");

        var found = (await _server.SearchUserGroupsAsync(new SearchUserGroupsQuery { Query = "TEA" })).Data.UserGroups;
        var next = (await _server.SearchUserGroupsAsync(new SearchUserGroupsQuery { Query = "tea", NameGt = "Green tea", IdGt = "2" })).Data.UserGroups;

        Assert.Equal(["Green tea", "Tea lovers"], found.Select(group => group.Name));
        Assert.Equal(["Tea lovers"], next.Select(group => group.Name));
    }

    [Fact]
    public async Task Members_hear_what_becomes_of_their_group()
    {
        await using var socket = await EventSocket.OpenAsync(_stream);
        await socket.AuthenticateAsync(_stream.As("ann", clock: _clock).Token!, "ann");
        await socket.Next("connection.ok");

        await CreateAsync("tea", "Tea lovers", "ann");
        await _server.AddUserGroupMembersAsync("tea", new AddUserGroupMembersRequest { MemberIds = ["ann", "ben"] });
        await _server.UpdateUserGroupAsync("tea", new UpdateUserGroupRequest { Name = "Tea" });
        await _server.RemoveUserGroupMembersAsync("tea", new RemoveUserGroupMembersRequest { MemberIds = ["ann"] });
        await _server.DeleteUserGroupAsync("tea");

        Assert.Equal("user_group.created", (await socket.Next()).GetProperty("type").GetString());
        var added = await socket.Next("user_group.member_added");
        Assert.Equal(["ben"], added.GetProperty("members").EnumerateArray().Select(member => member.GetString()));
        Assert.Equal("Tea", (await socket.Next("user_group.updated")).GetProperty("user_group").GetProperty("name").GetString());
        var removed = await socket.Next("user_group.member_removed");
        Assert.Equal(["ann"], removed.GetProperty("members").EnumerateArray().Select(member => member.GetString()));
        // No member any more.
        Assert.Empty(await socket.TypesSoFar());
    }

    [Fact]
    public async Task Only_servers_change_groups()
    {
        await CreateAsync("tea", "Tea lovers", "ann");

        (await _stream.As("ann", clock: _clock).Get("/usergroups/tea")).Ok();
        (await _stream.As("ann", clock: _clock).Put("/usergroups/tea", """{"name":"Coffee"}""")).Refused(403, 17);
    }

    private Task CreateAsync(string id, string name, params string[] members) =>
        _server.CreateUserGroupAsync(new CreateUserGroupRequest { Id = id, Name = name, MemberIds = members });
}
