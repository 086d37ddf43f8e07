using System.Globalization;
using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Groups;

/// <summary>Finds user groups, page by page: the next page begins after the last group of the one before.</summary>
internal sealed class UserGroupQueriesApi(StateStore store) : IOperationFamily
{
    // Above every id that may be.
    private const string LastId = "\uffff";

    public void Map(OperationTable operations)
    {
        operations.Map<ListUserGroupsResponse>(ApiOperations.Common.ListUserGroups, OperationAccess.User, List);
        operations.Map<SearchUserGroupsResponse>(ApiOperations.Common.SearchUserGroups, OperationAccess.User, Search);
    }

    /// <summary>The oldest first.</summary>
    private ListUserGroupsResponse List(ApiRequest request)
    {
        var after = CreatedAfter(request);
        // A time alone means after it; with an id, from there on among the groups of that time.
        var idAfter = request.Query("id_gt") ?? (after is null ? "" : LastId);
        return new ListUserGroupsResponse
        {
            UserGroups = Page(request, Limits.MaxPageSize, Groups(request)
                .Where(group => after is null || group.CreatedAt >= after)
                .Where(group => group.CreatedAt > after || string.CompareOrdinal(group.Id, idAfter) > 0)
                // Pages by id alone need the order of ids.
                .OrderBy(group => after is null && idAfter.Length > 0 ? default : group.CreatedAt)
                .ThenBy(group => group.Id, StringComparer.Ordinal)),
            Duration = request.Duration,
        };
    }

    /// <summary>By the beginning of a word of the name, whatever the case.</summary>
    private SearchUserGroupsResponse Search(ApiRequest request)
    {
        var text = Limits.SearchText(request.Query("query"));
        var nameAfter = request.Query("name_gt") ?? "";
        var idAfter = request.Query("id_gt") ?? "";
        return new SearchUserGroupsResponse
        {
            UserGroups = Page(request, Limits.MaxSearchPageSize, Groups(request)
                .Where(group => Queries.FilterOperator.StartsWord(group.Name, text))
                .Where(group => string.CompareOrdinal(group.Name, nameAfter) switch
                {
                    0 => string.CompareOrdinal(group.Id, idAfter) > 0,
                    var order => order > 0,
                })
                .OrderBy(group => group.Name, StringComparer.Ordinal)
                .ThenBy(group => group.Id, StringComparer.Ordinal)),
            Duration = request.Duration,
        };
    }

    private IEnumerable<UserGroupState> Groups(ApiRequest request)
    {
        var teamId = request.Query("team_id");
        Limits.OptionalLength(teamId, Limits.MaxShortLength, "team_id");
        return store.UserGroups.Rows.Where(group => teamId is null || group.TeamId == teamId);
    }

    private static List<UserGroupResponse> Page(
        ApiRequest request, int maxSize, IEnumerable<UserGroupState> groups) =>
    [
        .. groups
            .Take(request.QueryInt("limit", 1, maxSize) ?? Limits.DefaultPageSize)
            .Select(UserGroupViews.Short),
    ];

    private static DateTimeOffset? CreatedAfter(ApiRequest request)
    {
        if (request.Query("created_at_gt") is not { } text)
            return null;
        return StreamTime.TryParse(text, CultureInfo.InvariantCulture, out var time)
            ? time.ToDateTimeOffset()
            : throw ApiException.InvalidField("created_at_gt", "must be an RFC 3339 time");
    }
}
