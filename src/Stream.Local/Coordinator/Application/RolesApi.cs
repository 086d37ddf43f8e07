using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Application;

/// <summary>The roles of the application: those that are built in, and its own.</summary>
internal sealed class RolesApi(StateStore store, TimeProvider clock) : IOperationFamily
{
    private readonly DateTimeOffset _builtInSince = clock.GetUtcNow();

    public void Map(OperationTable operations)
    {
        operations.Map<ListRolesResponse>(ApiOperations.Common.ListRoles, OperationAccess.Server, List);
        operations.Map<SearchRolesResponse>(ApiOperations.Common.SearchRoles, OperationAccess.Server, Search);
        operations.Map<CreateRoleRequest, CreateRoleResponse>(
            ApiOperations.Common.CreateRole, OperationAccess.Server, Create);
        operations.Map<Response>(ApiOperations.Common.DeleteRole, OperationAccess.Server, Delete);
    }

    private ListRolesResponse List(ApiRequest request) => new() { Roles = [.. All()], Duration = request.Duration };

    private SearchRolesResponse Search(ApiRequest request)
    {
        var text = Limits.SearchText(request.Query("query"));
        var nameAfter = request.Query("name_gt") ?? "";
        return new SearchRolesResponse
        {
            Roles =
            [
                .. All()
                    .Where(role => role.Name.StartsWith(text, StringComparison.OrdinalIgnoreCase))
                    .Where(role => string.CompareOrdinal(role.Name, nameAfter) > 0)
                    .Take(request.QueryInt("limit", 1, Limits.MaxSearchPageSize) ?? Limits.MaxSearchPageSize),
            ],
            Duration = request.Duration,
        };
    }

    private CreateRoleResponse Create(ApiRequest request, CreateRoleRequest body)
    {
        Limits.CallId(body.Name, "name");
        if (Roles.BuiltIn.Contains(body.Name))
            throw Exists(body.Name);
        var role = store.Roles.Update(
            body.Name, known => known is null ? new RoleState(body.Name, request.Now) : throw Exists(body.Name))!;
        return new CreateRoleResponse { Role = View(role.Name, true, role.CreatedAt), Duration = request.Duration };
    }

    private Response Delete(ApiRequest request)
    {
        var name = request.Route("name");
        if (Roles.BuiltIn.Contains(name))
            throw ApiException.NotAllowed($"role \"{name}\" is built in and cannot be deleted");
        if (store.Users.Rows.Any(user => user.Role == name && user.DeletedAt is null))
            throw ApiException.Input($"role \"{Shortened.Text(name)}\" is held by users");
        _ = store.Roles.Remove(name)
            ?? throw ApiException.DoesNotExist($"role \"{Shortened.Text(name)}\" does not exist");
        return new Response { Duration = request.Duration };
    }

    private IEnumerable<Role> All() => Roles.BuiltIn
        .Select(name => View(name, false, _builtInSince))
        .Concat(store.Roles.Rows.Select(role => View(role.Name, true, role.CreatedAt)))
        .OrderBy(role => role.Name, StringComparer.Ordinal);

    /// <summary>Its scopes are the call types that grant it something.</summary>
    private Role View(string name, bool custom, DateTimeOffset createdAt) => new()
    {
        Name = name,
        Custom = custom,
        Scopes =
        [
            .. store.CallTypes.Rows
                .Where(type => type.Grants.ContainsKey(name))
                .Select(type => $"video:{type.Name}")
                .Order(StringComparer.Ordinal),
        ],
        CreatedAt = createdAt,
        UpdatedAt = createdAt,
    };

    private static ApiException Exists(string name) => ApiException.Input($"role \"{name}\" exists already");
}
