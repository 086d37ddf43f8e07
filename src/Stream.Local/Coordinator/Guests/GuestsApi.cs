using GetStream.Auth;
using GetStream.Http;
using GetStream.Local.Coordinator.Users;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Guests;

/// <summary>Lets people in who have no account: they get one of their own, and a token for it.</summary>
internal sealed class GuestsApi(StateStore store, UserDirectory users, UserViews views, LocalStreamOptions options)
    : IOperationFamily
{
    public void Map(OperationTable operations) =>
        operations.Map<CreateGuestRequest, CreateGuestResponse>(
            ApiOperations.Common.CreateGuest, OperationAccess.Public, Create);

    private CreateGuestResponse Create(ApiRequest request, CreateGuestRequest body)
    {
        if (store.App.GuestUserCreationDisabled)
            throw ApiException.NotAllowed("the application takes no guests");
        Limits.UserId(body.User.Id, "user.id");
        if (store.Users.Rows.Count(user => user is { Role: Roles.Guest, DeletedAt: null }) >= options.MaxGuests)
            throw ApiException.CapacityExceeded($"the embedded Stream holds at most {options.MaxGuests} guests");
        // Nobody becomes an existing user by asking to be a guest of that name.
        var id = $"guest-{Guid.NewGuid()}-{body.User.Id}";
        var guest = users.Change(id, _ => users.New(id) with
        {
            Role = Roles.Guest,
            Name = body.User.Name,
            Image = body.User.Image,
            Custom = body.User.Custom ?? [],
            Language = body.User.Language ?? "",
        });
        return new CreateGuestResponse
        {
            User = views.Response(guest),
            AccessToken = StreamTokens.CreateUserToken(options.ApiSecret!, id),
            Duration = request.Duration,
        };
    }
}
