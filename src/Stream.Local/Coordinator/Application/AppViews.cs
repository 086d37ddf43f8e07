using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Application;

/// <summary>Shows the application as the API does; what nothing here acts on is off, zero or empty.</summary>
internal sealed class AppViews(StateStore store)
{
    private const int TheApplication = 1;
    private const int MaxUploadBytes = 0;

    public AppResponseFields App(AppState app) => new()
    {
        Id = TheApplication,
        Name = "local",
        Organization = "local",
        Placement = "local",
        PermissionVersion = "v2",
        WebhookUrl = app.WebhookUrl,
        WebhookEvents = app.WebhookEvents,
        EventHooks = app.EventHooks,
        UseHookV2 = true,
        RevokeTokensIssuedBefore = app.RevokeTokensIssuedBefore,
        GuestUserCreationDisabled = app.GuestUserCreationDisabled,
        EnforceUniqueUsernames = app.EnforceUniqueUsernames,
        UserSearchDisallowedRoles = app.UserSearchDisallowedRoles,
        CallTypes = CallTypes(),
        PushNotifications = new PushNotificationFields
        {
            Version = "v2",
            OfflineOnly = false,
            Apn = new APNConfigFields { Enabled = false, Development = false },
            Firebase = new FirebaseConfigFields { Enabled = false },
            Huawei = new HuaweiConfigFields { Enabled = false },
            Xiaomi = new XiaomiConfigFields { Enabled = false },
        },
        FileUploadConfig = new FileUploadConfig { SizeLimit = MaxUploadBytes },
        ImageUploadConfig = new FileUploadConfig { SizeLimit = MaxUploadBytes },
        ChannelConfigs = new Dictionary<string, ChannelConfig>(),
        Policies = new Dictionary<string, IReadOnlyList<Policy>>(),
        Grants = new Dictionary<string, IReadOnlyList<string>>(),
        ModerationWebhookUrl = "",
        CustomActionHandlerUrl = "",
        Suspended = false,
        SuspendedExplanation = "",
        SqsUrl = "",
        SqsKey = "",
        SqsSecret = "",
        SnsTopicArn = "",
        SnsKey = "",
        SnsSecret = "",
        DisableAuthChecks = false,
        DisablePermissionsChecks = false,
        MultiTenantEnabled = false,
        AllowMultiUserDevices = false,
        ImageModerationEnabled = false,
        AsyncUrlEnrichEnabled = false,
        AutoTranslationEnabled = false,
        CampaignEnabled = false,
        RemindersInterval = 0,
        CdnExpirationSeconds = 0,
        ModerationEnabled = false,
        ModerationMultitenantBlocklistEnabled = false,
        UserResponseTimeEnabled = false,
        ModerationLlmConfigurabilityEnabled = false,
        MaxAggregatedActivitiesLength = 0,
        FeedAuditLogsEnabled = false,
        ModerationVideoCallModerationEnabled = false,
        ModerationAudioCallModerationEnabled = false,
        MemberCustomOnMessagesEnabled = false,
    };

    private Dictionary<string, CallType> CallTypes() => store.CallTypes.Rows
        .OrderBy(type => type.CreatedAt)
        .ThenBy(type => type.Name, StringComparer.Ordinal)
        .Select((type, index) => new CallType
        {
            Id = index + 1,
            App = TheApplication,
            Name = type.Name,
            // Both models spell the settings alike; one has some more.
            Settings = ModelJson.FromTree<CallSettings>(ModelJson.ToTree(type.Settings)),
            NotificationSettings = ModelJson.FromTree<NotificationSettings>(
                ModelJson.ToTree(type.NotificationSettings)),
            RecordingExternalStorage = type.ExternalStorage ?? "",
            CreatedAt = type.CreatedAt,
            UpdatedAt = type.UpdatedAt,
        })
        .ToDictionary(type => type.Name);
}
