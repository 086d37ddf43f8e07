using System.Collections.Immutable;
using GetStream.Local.Auth;
using GetStream.Local.Coordinator.CallTypes;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Realtime;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Finds, creates and changes calls.</summary>
/// <remarks>
/// Events are queued while the call's table is locked, so every watcher hears of the changes of a call in the order in
/// which they were made.
/// </remarks>
internal sealed class CallDirectory(
    StateStore store, UserDirectory users, CallPermissions permissions, CallViews views, CallEvents events,
    ConnectionHub hub)
{
    /// <summary>The call a request's path names.</summary>
    /// <exception cref="ApiException">The type or id is not well-formed, or there is no such call.</exception>
    public CallState Get(ApiRequest request) => Get(Cid(request));

    /// <exception cref="ApiException">There is no such call.</exception>
    public CallState Get(string cid) => Find(cid) ?? throw Unknown(cid);

    public CallState? Find(string cid) => store.Calls.Find(cid);

    /// <exception cref="ApiException">The caller may not do this in the call, or there is no such call.</exception>
    public CallState Get(ApiRequest request, string capability)
    {
        var call = Get(request);
        permissions.Require(request.Caller, call, capability, request.Operation);
        return call;
    }

    /// <exception cref="ApiException">Type or id is not well-formed.</exception>
    public static string Cid(ApiRequest request) => Cid(request.Route("type"), request.Route("id"));

    /// <inheritdoc cref="Cid(ApiRequest)"/>
    public static string Cid(string type, string id) => $"{Limits.CallId(type, "type")}:{Limits.CallId(id, "id")}";

    /// <summary>The call the path names, created from <paramref name="data"/> when it is not there.</summary>
    public (CallState Call, bool Created) GetOrCreate(ApiRequest request, CallRequest? data)
    {
        var cid = Cid(request);
        if (Find(cid) is { } known)
            return (known, false);

        var created = false;
        var fresh = New(request, data ?? new CallRequest());
        var call = store.Calls.Update(cid, call => call ?? fresh, (_, call) =>
        {
            created = true;
            events.ToMembers(call, new CallCreatedEvent
            {
                CallCid = cid,
                Call = views.Call(call),
                Members = views.Members(call, Limits.MaxPageSize),
                CreatedAt = request.Now,
            });
        })!;
        return (call, created);
    }

    /// <param name="change">What becomes of the call; must not wait. Answering the same call changes nothing.</param>
    /// <param name="changed">Publishes what happened; called only if something did.</param>
    /// <exception cref="ApiException">There is no such call any more.</exception>
    public CallState Change(string cid, Func<CallState, CallState> change, Action<CallState>? changed = null) =>
        store.Calls.Update(cid, call => change(call ?? throw Unknown(cid)), (_, after) => changed?.Invoke(after))!;

    /// <summary>Like <see cref="Change"/>, for a call that may be gone.</summary>
    public CallState? TryChange(string cid, Func<CallState, CallState> change, Action<CallState>? changed = null) =>
        store.Calls.Update(cid, call => call is null ? null : change(call), (_, after) => changed?.Invoke(after));

    /// <summary>Publishes something about a call in its place among the call's changes.</summary>
    public void Tell(string cid, Action<CallState> publish) => store.Calls.Read(cid, publish);

    public void Remove(string cid, Action<CallState> removed)
    {
        store.Calls.Remove(cid, removed);
        hub.Forget(cid);
    }

    /// <summary>Lets the request's WebSocket, if it names one, hear of the call from now on.</summary>
    public void Watch(ApiRequest request, CallState call)
    {
        if (request.ConnectionId is { } connectionId)
            hub.Watch(connectionId, request.Caller.UserId, call.Cid);
    }

    /// <summary>The members a request describes; all must exist.</summary>
    public ImmutableDictionary<string, CallMemberState> Members(
        IEnumerable<MemberRequest> requests, DateTimeOffset now) =>
        requests.Select(request => Member(request, now)).ToImmutableDictionary(member => member.UserId);

    private CallState New(ApiRequest request, CallRequest data)
    {
        var type = store.CallTypes.Find(request.Route("type"))
            ?? throw ApiException.DoesNotExist($"call type \"{Shortened.Text(request.Route("type"))}\" does not exist");
        permissions.Require(request.Caller, type, Capabilities.CreateCall, Cid(request), request.Operation);
        if (data.Members is { } members)
            Limits.Count(members.Count, Limits.MaxPageSize, "data.members");
        Limits.Custom(data.Custom, Limits.MaxCallCustomBytes, "data.custom");
        Limits.OptionalLength(data.Team, Limits.MaxShortLength, "data.team");
        Limits.OptionalLength(data.ChannelCid, Limits.MaxShortLength, "data.channel_cid");
        var settings = CallSettingsRules.Apply(type.Settings, data.SettingsOverride);
        return new CallState
        {
            Type = type.Name,
            Id = request.Route("id"),
            CreatedById = Creator(request.Caller, data),
            Team = data.Team,
            ChannelCid = data.ChannelCid,
            Custom = data.Custom ?? [],
            StartsAt = data.StartsAt,
            Settings = settings,
            Backstage = settings.Backstage.Enabled,
            Members = Members(data.Members ?? [], request.Now),
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
    }

    private string Creator(Caller caller, CallRequest data)
    {
        if (!caller.IsServer)
            return caller.UserId!;
        if (data.CreatedBy is { } described)
            return users.Merge(described).Id;
        var id = data.CreatedById ?? caller.UserId
            ?? throw ApiException.Input(
                "either data.created_by or data.created_by_id must be provided when using a server token");
        return users.Get(id).Id;
    }

    private CallMemberState Member(MemberRequest request, DateTimeOffset now)
    {
        Limits.UserId(request.UserId, "members.user_id");
        Limits.Custom(request.Custom, Limits.MaxCallCustomBytes, "members.custom");
        Limits.OptionalLength(request.Role, Limits.MaxCallIdLength, "members.role");
        if (users.Find(request.UserId) is null)
            throw ApiException.Input(
                $"user \"{request.UserId}\" is named as a member but does not exist: create the user first");
        return new CallMemberState
        {
            UserId = request.UserId,
            Role = request.Role ?? Roles.User,
            Custom = request.Custom ?? [],
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    private static ApiException Unknown(string cid) => ApiException.DoesNotExist($"Can't find call with id {cid}");
}
