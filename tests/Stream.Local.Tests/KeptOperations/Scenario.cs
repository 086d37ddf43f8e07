using System.Text.Json.Nodes;
using GetStream.Http;
using GetStream.Local.Tests.Support;
using GetStream.Models;

namespace GetStream.Local.Tests.KeptOperations;

/// <summary>Users, a call and more that no other test knows, on a server that all cases share.</summary>
internal sealed class Scenario
{
    private static int s_count;

    private readonly LocalStream _stream;

    private Scenario(LocalStream stream, string suffix)
    {
        _stream = stream;
        (Alice, Bob, Carol) = ($"alice-{suffix}", $"bob-{suffix}", $"carol-{suffix}");
        (Group, Role, CallType) = ($"group-{suffix}", $"role-{suffix}", $"type-{suffix}");
        Call = Client.Video.Call("default", $"call-{suffix}");
        NoCall = Client.Video.Call("default", $"nowhere-{suffix}");
        Livestream = Client.Video.Call("livestream", $"live-{suffix}");
    }

    public StreamClient Client => _stream.Client;

    /// <summary>Made the calls.</summary>
    public string Alice { get; }

    /// <summary>Member of the call, and of the group.</summary>
    public string Bob { get; }

    /// <summary>Knows nobody.</summary>
    public string Carol { get; }

    public string Group { get; }

    public string Role { get; }

    public string CallType { get; }

    public StreamCall Call { get; }

    public StreamCall NoCall { get; }

    public StreamCall Livestream { get; }

    public RequestOptions AsAlice => _stream.AsUser(Alice);

    public RequestOptions AsBob => _stream.AsUser(Bob);

    public RequestOptions AsCarol => _stream.AsUser(Carol);

    public RequestOptions AsNobody { get; } = new() { Token = "not-a-token" };

    public FakeSfu Sfu => _stream.Sfu;

    public static async Task<Scenario> CreateAsync(LocalStream stream)
    {
        var scenario = new Scenario(stream, Interlocked.Increment(ref s_count).ToString(System.Globalization.CultureInfo.InvariantCulture));
        await scenario.PopulateAsync();
        return scenario;
    }

    /// <summary>A session of the call that Bob is in.</summary>
    public async Task<string> SessionAsync()
    {
        Sfu.Join($"default:{Call.Id}", Bob, $"{Bob}-session");
        using var timeout = new CancellationTokenSource(LocalStream.Patience);
        while (true)
        {
            var session = (await Call.GetAsync(cancellationToken: timeout.Token)).Data.Call.Session;
            if (session is { Participants.Count: > 0 })
                return session.Id;
        }
    }

    private async Task PopulateAsync()
    {
        string[] ids = [Alice, Bob, Carol];
        await Client.Common.UpdateUsersAsync(
            new UpdateUsersRequest { Users = ids.ToDictionary(id => id, id => new UserRequest { Id = id, Name = $"Name of {id}" }) });
        var data = new CallRequest
        {
            CreatedById = Alice,
            Custom = new JsonObject { ["topic"] = "tea" },
            Members = [new MemberRequest { UserId = Bob }],
        };
        await Call.GetOrCreateAsync(new GetOrCreateCallRequest { Data = data });
        await Livestream.GetOrCreateAsync(new GetOrCreateCallRequest { Data = new CallRequest { CreatedById = Alice } });
        await Client.Common.CreateUserGroupAsync(new CreateUserGroupRequest { Id = Group, Name = Group, MemberIds = [Bob] });
        await Client.Common.CreateRoleAsync(new CreateRoleRequest { Name = Role });
        await Client.Video.CreateCallTypeAsync(new CreateCallTypeRequest { Name = CallType });
    }
}
