using System.Collections.Immutable;
using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.CallTypes;

/// <summary>Call types: the settings calls start with, and what roles may do in them.</summary>
internal sealed class CallTypesApi(StateStore store) : IOperationFamily
{
    private const int MaxRoles = 100;

    public void Map(OperationTable operations)
    {
        operations.Map<ListCallTypeResponse>(ApiOperations.Video.ListCallTypes, OperationAccess.Server, List);
        operations.Map<GetCallTypeResponse>(ApiOperations.Video.GetCallType, OperationAccess.Server, Get);
        operations.Map<CreateCallTypeRequest, CreateCallTypeResponse>(
            ApiOperations.Video.CreateCallType, OperationAccess.Server, Create);
        operations.Map<UpdateCallTypeRequest, UpdateCallTypeResponse>(
            ApiOperations.Video.UpdateCallType, OperationAccess.Server, Update);
        operations.Map<Response>(ApiOperations.Video.DeleteCallType, OperationAccess.Server, Delete);
    }

    private ListCallTypeResponse List(ApiRequest request) => new()
    {
        CallTypes = store.CallTypes.Rows.ToDictionary(type => type.Name, View),
        Duration = request.Duration,
    };

    private GetCallTypeResponse Get(ApiRequest request)
    {
        var type = store.CallTypes.Find(request.Route("name")) ?? throw Unknown(request);
        return new GetCallTypeResponse
        {
            Name = type.Name,
            Grants = Grants(type),
            Settings = type.Settings,
            NotificationSettings = type.NotificationSettings,
            ExternalStorage = type.ExternalStorage,
            CreatedAt = type.CreatedAt,
            UpdatedAt = type.UpdatedAt,
            Duration = request.Duration,
        };
    }

    private CreateCallTypeResponse Create(ApiRequest request, CreateCallTypeRequest body)
    {
        Limits.CallId(body.Name, "name");
        var type = new CallTypeState
        {
            Name = body.Name,
            Settings = CallSettingsRules.Apply(CallSettingsRules.Create(), body.Settings),
            NotificationSettings = CallNotifications.Apply(CallNotifications.Create(), body.NotificationSettings),
            Grants = Merge(DefaultCallTypes.DefaultGrants, body.Grants),
            ExternalStorage = body.ExternalStorage,
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        store.CallTypes.Update(
            body.Name,
            known => known is null ? type : throw ApiException.Input($"call type \"{body.Name}\" exists already"));
        return new CreateCallTypeResponse
        {
            Name = type.Name,
            Grants = Grants(type),
            Settings = type.Settings,
            NotificationSettings = type.NotificationSettings,
            ExternalStorage = type.ExternalStorage,
            CreatedAt = type.CreatedAt,
            UpdatedAt = type.UpdatedAt,
            Duration = request.Duration,
        };
    }

    private UpdateCallTypeResponse Update(ApiRequest request, UpdateCallTypeRequest body)
    {
        var type = store.CallTypes.Update(
            request.Route("name"),
            known => known is null ? throw Unknown(request) : known with
            {
                Settings = CallSettingsRules.Apply(known.Settings, body.Settings),
                NotificationSettings = CallNotifications.Apply(known.NotificationSettings, body.NotificationSettings),
                Grants = Merge(known.Grants, body.Grants),
                ExternalStorage = body.ExternalStorage ?? known.ExternalStorage,
                UpdatedAt = request.Now,
            })!;
        return new UpdateCallTypeResponse
        {
            Name = type.Name,
            Grants = Grants(type),
            Settings = type.Settings,
            NotificationSettings = type.NotificationSettings,
            ExternalStorage = type.ExternalStorage,
            CreatedAt = type.CreatedAt,
            UpdatedAt = type.UpdatedAt,
            Duration = request.Duration,
        };
    }

    private Response Delete(ApiRequest request)
    {
        var name = request.Route("name");
        if (DefaultCallTypes.Names.Contains(name))
            throw ApiException.NotAllowed($"call type \"{name}\" is built in and cannot be deleted");
        if (store.Calls.Rows.Any(call => call.Type == name && call.EndedAt is null))
            throw ApiException.Input($"call type \"{name}\" has calls that have not ended");
        _ = store.CallTypes.Remove(name) ?? throw Unknown(request);
        return new Response { Duration = request.Duration };
    }

    private static CallTypeResponse View(CallTypeState type) => new()
    {
        Name = type.Name,
        Grants = Grants(type),
        Settings = type.Settings,
        NotificationSettings = type.NotificationSettings,
        ExternalStorage = type.ExternalStorage,
        CreatedAt = type.CreatedAt,
        UpdatedAt = type.UpdatedAt,
    };

    private static Dictionary<string, IReadOnlyList<string>> Grants(CallTypeState type) =>
        type.Grants.ToDictionary(grant => grant.Key, IReadOnlyList<string> (grant) => [.. grant.Value]);

    /// <summary>Roles that the request names get exactly what it says; the others keep theirs.</summary>
    private static ImmutableDictionary<string, ImmutableSortedSet<string>> Merge(
        ImmutableDictionary<string, ImmutableSortedSet<string>> grants,
        IReadOnlyDictionary<string, IReadOnlyList<string>>? changes)
    {
        foreach (var (role, capabilities) in changes ?? new Dictionary<string, IReadOnlyList<string>>())
        {
            if (capabilities.FirstOrDefault(capability => !Capabilities.All.Contains(capability)) is { } unknown)
                throw ApiException.InvalidField(
                    $"grants.{Shortened.Text(role)}", $"names \"{Shortened.Text(unknown)}\", which is no capability");
            Limits.Length(role, Limits.MaxCallIdLength, "grants role");
            grants = grants.SetItem(role, Capabilities.None.Union(capabilities));
        }

        Limits.Count(grants.Count, MaxRoles, "grants");
        return grants;
    }

    private static ApiException Unknown(ApiRequest request) =>
        ApiException.DoesNotExist($"call type \"{Shortened.Text(request.Route("name"))}\" does not exist");
}
