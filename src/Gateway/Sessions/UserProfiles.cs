using System.Text.Json.Nodes;
using GetStream;
using GetStream.Http;
using GetStream.Models;
using StreamGateway.Auth;
using StreamGateway.Errors;

namespace StreamGateway.Sessions;

/// <summary>
/// Sees to it that Stream knows who joins as the request describes them. What a request does not name is never touched.
/// </summary>
internal sealed class UserProfiles(Lazy<StreamClient> client)
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(1);

    /// <param name="mayChange">Whether whoever asks may change a user that exists.</param>
    /// <param name="timeout">For all there is to do.</param>
    /// <exception cref="ProblemException">The user exists, looks different, and must not be changed; nothing was.</exception>
    /// <exception cref="StreamApiException">Stream refused.</exception>
    public async Task PrepareAsync(JoinUser user, bool mayChange, TimeSpan timeout, CancellationToken cancellationToken)
    {
        // Whoever joins by the id alone costs no request: librtc connects as a user that Stream does not know yet, which
        // creates it, and which leaves one that is there as it is.
        if (!user.HasProfile)
        {
            return;
        }

        var started = TimeProvider.System.GetTimestamp();
        var present = await FindAsync(user.Id!, Within(), cancellationToken);
        if (present is null)
        {
            await CreateAsync(user, Within(), cancellationToken);
            return;
        }

        var changes = Differences(user, present);
        if (changes.Count == 0)
        {
            return;
        }

        if (!mayChange)
        {
            throw new ProblemException(
                ProblemTypes.InsufficientScope,
                $"The user {user.Id} exists, and changing its {string.Join(" and ", changes.Select(change => change.Key))} "
                + $"needs a key with the scope {Scopes.Rest}. Join by the id alone to leave the user as it is.");
        }

        _ = await client.Value.Common.UpdateUsersPartialAsync(
            new UpdateUsersPartialRequest { Users = [new UpdateUserPartialRequest { Id = user.Id!, Set = changes }] },
            Within(), cancellationToken);

        RequestOptions Within()
        {
            var left = timeout - TimeProvider.System.GetElapsedTime(started);
            return new RequestOptions { Timeout = left > AtOnce ? left : AtOnce };
        }
    }

    // One who was deactivated is there as well: to create it would replace it.
    private async Task<FullUserResponse?> FindAsync(string id, RequestOptions request, CancellationToken cancellationToken)
    {
        var payload = new QueryUsersPayload
        {
            FilterConditions = new JsonObject { ["id"] = id }, IncludeDeactivatedUsers = true, Limit = 1,
        };
        var answer = await client.Value.Common.QueryUsersAsync(
            new QueryUsersQuery { Payload = payload }, request, cancellationToken);
        return answer.Data.Users is [var found, ..] ? found : null;
    }

    private async Task CreateAsync(JoinUser user, RequestOptions request, CancellationToken cancellationToken) =>
        _ = await client.Value.Common.UpdateUsersAsync(
            new UpdateUsersRequest
            {
                Users = new Dictionary<string, UserRequest>
                {
                    [user.Id!] = new()
                    {
                        Id = user.Id!, Name = user.Name, Image = user.Image, Role = user.Role, Custom = CustomOf(user),
                    },
                },
            },
            request, cancellationToken);

    private static JsonObject Differences(JoinUser user, FullUserResponse present)
    {
        var changes = new JsonObject();
        AddText("name", user.Name, present.Name);
        AddText("image", user.Image, present.Image);
        AddText("role", user.Role, present.Role);
        if (CustomOf(user) is { } custom && !JsonNode.DeepEquals(custom, present.Custom))
        {
            changes["custom"] = custom;
        }

        return changes;

        void AddText(string field, string? wanted, string? now)
        {
            if (wanted is not null && wanted != (now ?? ""))
            {
                changes[field] = wanted;
            }
        }
    }

    private static JsonObject? CustomOf(JoinUser user) => user.Custom is { } custom ? JsonObject.Create(custom) : null;
}
