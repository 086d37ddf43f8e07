using GetStream.Http;
using GetStream.Local.Coordinator.Users;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Devices;

/// <summary>Users' devices. They are kept and listed; nothing is ever pushed to them.</summary>
internal sealed class DevicesApi(StateStore store, UserDirectory users, UserViews views) : IOperationFamily
{
    private const int MaxIdLength = 255;
    private const int MaxDevicesPerUser = 25;
    private static readonly string[] s_providers = ["firebase", "apn", "huawei", "xiaomi"];

    public void Map(OperationTable operations)
    {
        operations.Map<CreateDeviceRequest, Response>(ApiOperations.Common.CreateDevice, OperationAccess.User, Create);
        operations.Map<ListDevicesResponse>(ApiOperations.Common.ListDevices, OperationAccess.User, List);
        operations.Map<Response>(ApiOperations.Common.DeleteDevice, OperationAccess.User, Delete);
    }

    private Response Create(ApiRequest request, CreateDeviceRequest body)
    {
        var userId = Owner(request, body.UserId ?? body.User?.Id);
        Limits.Length(body.Id, MaxIdLength, "id");
        Limits.OptionalLength(body.HardwareId, MaxIdLength, "hardware_id");
        if (!s_providers.Contains(body.PushProvider.Value))
            throw ApiException.InvalidField("push_provider", $"must be one of {string.Join(", ", s_providers)}");
        store.Devices.Update(StateStore.DeviceKey(userId, body.Id), known =>
        {
            if (known is null && views.Devices(userId).Count >= MaxDevicesPerUser)
                throw ApiException.Input($"a user has at most {MaxDevicesPerUser} devices");
            return new DeviceState
            {
                Id = body.Id,
                UserId = userId,
                PushProvider = body.PushProvider.Value,
                PushProviderName = body.PushProviderName,
                HardwareId = body.HardwareId,
                Voip = body.VoipToken,
                CreatedAt = known?.CreatedAt ?? request.Now,
            };
        });
        return new Response { Duration = request.Duration };
    }

    private ListDevicesResponse List(ApiRequest request) =>
        new() { Devices = views.Devices(Owner(request, null)), Duration = request.Duration };

    private Response Delete(ApiRequest request)
    {
        var id = request.Query("id") ?? throw ApiException.InvalidField("id", "must be given");
        _ = store.Devices.Remove(StateStore.DeviceKey(Owner(request, null), id))
            ?? throw ApiException.DoesNotExist($"device \"{Shortened.Text(id)}\" does not exist");
        return new Response { Duration = request.Duration };
    }

    private string Owner(ApiRequest request, string? named) => users.Get(request.ActingUserId(named)).Id;
}
