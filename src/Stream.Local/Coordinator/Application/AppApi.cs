using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Local.Webhooks;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Application;

/// <summary>The application's settings. Only those can be set that something here acts on.</summary>
internal sealed class AppApi(StateStore store, AppViews views, WebhookSender webhooks) : IOperationFamily
{
    private const int MaxSearchRoles = 10;

    private readonly WebhookRules _rules = new(webhooks);

    private static readonly HashSet<string> s_kept = new(StringComparer.Ordinal)
    {
        "webhook_url", "webhook_events", "event_hooks", "revoke_tokens_issued_before", "guest_user_creation_disabled",
        "enforce_unique_usernames", "user_search_disallowed_roles",
    };

    private static readonly string[] s_uniqueScopes = ["no", "app", "team"];

    public void Map(OperationTable operations)
    {
        operations.Map<GetApplicationResponse>(ApiOperations.Common.GetApp, OperationAccess.Server, Get);
        operations.Map<UpdateAppRequest, Response>(ApiOperations.Common.UpdateApp, OperationAccess.Server, Update);
    }

    private GetApplicationResponse Get(ApiRequest request) =>
        new() { App = views.App(store.App), Duration = request.Duration };

    private Response Update(ApiRequest request, UpdateAppRequest body)
    {
        RequireKept(body);
        store.ChangeApp(
            app => app with
            {
                WebhookUrl = body.WebhookUrl is { } url ? _rules.Url(url, "webhook_url") : app.WebhookUrl,
                WebhookEvents = body.WebhookEvents is { } types
                    ? WebhookRules.EventTypes(types, "webhook_events")
                    : app.WebhookEvents,
                EventHooks = body.EventHooks is { } hooks
                    ? _rules.Hooks(hooks, app.EventHooks, request.Now)
                    : app.EventHooks,
                RevokeTokensIssuedBefore = Revocation(body.RevokeTokensIssuedBefore, app),
                GuestUserCreationDisabled = body.GuestUserCreationDisabled ?? app.GuestUserCreationDisabled,
                EnforceUniqueUsernames = Scope(body.EnforceUniqueUsernames?.Value) ?? app.EnforceUniqueUsernames,
                UserSearchDisallowedRoles = Roles(body.UserSearchDisallowedRoles) ?? app.UserSearchDisallowedRoles,
            },
            webhooks.Configure);
        return new Response { Duration = request.Duration };
    }

    /// <summary>A setting that would do nothing is refused, rather than taken and forgotten.</summary>
    private static void RequireKept(UpdateAppRequest body)
    {
        var other = ModelJson.ToTree(body).Select(field => field.Key).Where(name => !s_kept.Contains(name)).ToList();
        if (other.Count > 0)
            throw ApiException.NotSupported($"UpdateApp with {string.Join(", ", other)}", "nothing here acts on it");
    }

    /// <summary>The earliest time there is takes the revocation back, as at Stream.</summary>
    private static DateTimeOffset? Revocation(StreamTime? asked, AppState app) => asked is not { } time
        ? app.RevokeTokensIssuedBefore
        : time.ToUnixNanoseconds() <= 0 ? null : time.ToDateTimeOffset();

    private static string? Scope(string? scope) => scope is null || s_uniqueScopes.Contains(scope)
        ? scope
        : throw ApiException.InvalidField(
            "enforce_unique_usernames", $"must be one of {string.Join(", ", s_uniqueScopes)}");

    private static IReadOnlyList<string>? Roles(IReadOnlyList<string>? roles)
    {
        foreach (var role in roles ?? [])
            Limits.Length(role, Limits.MaxCallIdLength, "user_search_disallowed_roles");
        Limits.Count(roles?.Count ?? 0, MaxSearchRoles, "user_search_disallowed_roles");
        return roles;
    }
}
