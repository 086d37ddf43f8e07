using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Devices;

/// <summary>What users want to be told of on their devices. Kept and shown to them; nothing is ever pushed.</summary>
internal sealed class PushPreferencesApi(UserDirectory users) : IOperationFamily
{
    private static readonly string[] s_levels = ["all", "none", "default"];
    private static readonly string[] s_chatLevels =
        [.. s_levels, "mentions", "direct_mentions", "all_mentions"];

    public void Map(OperationTable operations) =>
        operations.Map<UpsertPushPreferencesRequest, UpsertPushPreferencesResponse>(
            ApiOperations.Common.UpdatePushNotificationPreferences, OperationAccess.User, Update);

    private UpsertPushPreferencesResponse Update(ApiRequest request, UpsertPushPreferencesRequest body)
    {
        if (body.Preferences.Count == 0)
            throw ApiException.InvalidField("preferences", "must not be empty");
        Limits.Count(body.Preferences.Count, Limits.MaxPageSize, "preferences");
        // All are checked before the first is kept.
        var inputs = body.Preferences.Select(input => (UserId: Owner(request, input), Input: Checked(input))).ToList();
        foreach (var (userId, input) in inputs)
        {
            users.ChangeExisting(
                userId, user => user with { PushPreferences = Merge(user.PushPreferences ?? new(), input) });
        }

        return new UpsertPushPreferencesResponse
        {
            UserPreferences = inputs
                .Select(entry => entry.UserId)
                .Distinct()
                .ToDictionary(id => id, id => users.Get(id).PushPreferences!),
            UserChannelPreferences =
                new Dictionary<string, IReadOnlyDictionary<string, ChannelPushPreferencesResponse>>(),
            Duration = request.Duration,
        };
    }

    private string Owner(ApiRequest request, PushPreferenceInput input)
    {
        var userId = string.IsNullOrEmpty(input.UserId) ? request.ActingUserId() : input.UserId;
        if (!request.Caller.IsServer && userId != request.Caller.UserId)
            throw ApiException.NotAllowed($"User '{request.Caller.UserId}' may only change its own preferences");
        return users.Get(userId).Id;
    }

    private static PushPreferenceInput Checked(PushPreferenceInput input)
    {
        if (!string.IsNullOrEmpty(input.ChannelCid))
            throw ApiException.NotSupported("preferences for a channel (channel_cid)", "chat is not kept");
        if (input.ChatPreferences is not null || input.FeedsPreferences is not null)
            throw ApiException.NotSupported("chat_preferences and feeds_preferences", "chat and feeds are not kept");
        RequireLevel(input.CallLevel?.Value, s_levels, "call_level");
        RequireLevel(input.FeedsLevel?.Value, s_levels, "feeds_level");
        RequireLevel(input.ChatLevel?.Value, s_chatLevels, "chat_level");
        return input;
    }

    private static PushPreferencesResponse Merge(PushPreferencesResponse known, PushPreferenceInput input) => new()
    {
        CallLevel = input.CallLevel?.Value ?? known.CallLevel,
        FeedsLevel = input.FeedsLevel?.Value ?? known.FeedsLevel,
        ChatLevel = input.ChatLevel?.Value ?? known.ChatLevel,
        DisabledUntil = input.RemoveDisable == true ? null : input.DisabledUntil ?? known.DisabledUntil,
    };

    private static void RequireLevel(string? level, string[] levels, string field)
    {
        if (level is not null && !levels.Contains(level))
            throw ApiException.InvalidField(field, $"must be one of {string.Join(", ", levels)}");
    }
}
