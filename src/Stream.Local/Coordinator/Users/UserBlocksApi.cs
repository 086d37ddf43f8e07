using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Whom a user does not want to hear of. Kept for clients to act on.</summary>
internal sealed class UserBlocksApi(UserDirectory users, UserViews views) : IOperationFamily
{
    private const int MaxBlocks = 1_000;

    public void Map(OperationTable operations)
    {
        operations.Map<BlockUsersRequest, BlockUsersResponse>(
            ApiOperations.Common.BlockUsers, OperationAccess.User, Block);
        operations.Map<UnblockUsersRequest, UnblockUsersResponse>(
            ApiOperations.Common.UnblockUsers, OperationAccess.User, Unblock);
        operations.Map<GetBlockedUsersResponse>(ApiOperations.Common.GetBlockedUsers, OperationAccess.User, List);
    }

    private BlockUsersResponse Block(ApiRequest request, BlockUsersRequest body)
    {
        var by = request.ActingUserId(body.UserId ?? body.User?.Id);
        var blocked = users.Get(Limits.UserId(body.BlockedUserId, "blocked_user_id")).Id;
        if (by == blocked)
            throw ApiException.Input("users do not block themselves");
        users.ChangeExisting(by, user => user.Blocks.Count < MaxBlocks || user.Blocks.ContainsKey(blocked)
            ? user with { Blocks = user.Blocks.SetItem(blocked, user.Blocks.GetValueOrDefault(blocked, request.Now)) }
            : throw ApiException.Input($"a user blocks at most {MaxBlocks} users"));
        return new BlockUsersResponse
        {
            BlockedByUserId = by, BlockedUserId = blocked, CreatedAt = request.Now, Duration = request.Duration,
        };
    }

    private UnblockUsersResponse Unblock(ApiRequest request, UnblockUsersRequest body)
    {
        users.ChangeExisting(
            request.ActingUserId(body.UserId ?? body.User?.Id),
            user => user with { Blocks = user.Blocks.Remove(body.BlockedUserId) });
        return new UnblockUsersResponse { Duration = request.Duration };
    }

    private GetBlockedUsersResponse List(ApiRequest request)
    {
        var by = users.Get(request.ActingUserId());
        return new GetBlockedUsersResponse
        {
            Blocks =
            [
                .. by.Blocks.OrderBy(block => block.Value).Select(block => new BlockedUserResponse
                {
                    UserId = by.Id,
                    User = views.Response(by),
                    BlockedUserId = block.Key,
                    BlockedUser = views.Response(block.Key),
                    CreatedAt = block.Value,
                }),
            ],
            Duration = request.Duration,
        };
    }
}
