using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Coordinator.CallTypes;

/// <summary>
/// The notification settings call types start with. They are kept and answered; nothing is ever pushed.
/// </summary>
internal static class CallNotifications
{
    public static NotificationSettingsResponse Create() => new()
    {
        Enabled = true,
        CallLiveStarted = Event(enabled: false),
        SessionStarted = Event(enabled: false),
        CallNotification = Event(enabled: true),
        CallRing = Event(enabled: true),
        CallMissed = Event(enabled: true),
    };

    public static NotificationSettingsResponse Apply(
        NotificationSettingsResponse settings, NotificationSettingsRequest? request)
    {
        if (request is null)
            return settings;
        var tree = ModelJson.ToTree(settings);
        ModelJson.Overlay(tree, ModelJson.ToTree(request));
        return ModelJson.FromTree<NotificationSettingsResponse>(tree);
    }

    private static EventNotificationSettingsResponse Event(bool enabled) => new()
    {
        Enabled = enabled,
        Apns = new APNSPayload(),
        Fcm = new FCMPayload(),
    };
}
