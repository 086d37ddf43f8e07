using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Store;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Partial updates of a user: known fields by name, everything else in the custom data.</summary>
internal static class UserPatch
{
    /// <summary>What users may not change of themselves.</summary>
    public static readonly IReadOnlySet<string> ServerFields = new HashSet<string>(StringComparer.Ordinal)
    {
        "role", "teams", "teams_role", "banned", "revoke_tokens_issued_before",
    };

    private static readonly HashSet<string> s_readOnly = new(StringComparer.Ordinal)
    {
        "id", "created_at", "updated_at", "deleted_at", "deactivated_at", "last_active", "online", "devices", "mutes",
    };

    /// <exception cref="ApiException">A field cannot be changed, or its value has the wrong kind.</exception>
    public static UserState Apply(UserState user, JsonObject? set, IReadOnlyList<string>? unset)
    {
        var custom = (JsonObject)user.Custom.DeepClone();
        foreach (var (name, value) in set ?? [])
            user = Set(user, custom, name, value);
        foreach (var name in unset ?? [])
            user = Set(user, custom, name, null);
        user = user with { Custom = custom };
        UserDirectory.Check(user);
        return user;
    }

    private static UserState Set(UserState user, JsonObject custom, string name, JsonNode? value)
    {
        if (s_readOnly.Contains(name.Split('.')[0]))
            throw ApiException.InvalidField(name, "cannot be changed");
        switch (name)
        {
            case "name":
                return user with { Name = Text(name, value) };
            case "image":
                return user with { Image = Text(name, value) };
            case "language":
                return user with { Language = Text(name, value) ?? "" };
            case "role":
                return user with { Role = Text(name, value) ?? Roles.User };
            case "invisible":
                return user with { Invisible = Flag(name, value) };
            case "banned":
                return user with { Banned = Flag(name, value) };
            case "revoke_tokens_issued_before":
                return user with { RevokeTokensIssuedBefore = Time(name, value) };
            case "teams":
                return user with { Teams = Texts(name, value) };
            case "teams_role":
                return user with { TeamsRole = TextMap(name, value) };
            case "custom":
                custom.Clear();
                foreach (var (key, child) in value as JsonObject ?? [])
                    custom[key] = child?.DeepClone();
                return user;
            default:
                var inCustom = name.StartsWith("custom.", StringComparison.Ordinal);
                SetCustom(custom, inCustom ? name["custom.".Length..] : name, value);
                return user;
        }
    }

    /// <summary>Follows a dotted path; null removes.</summary>
    private static void SetCustom(JsonObject custom, string path, JsonNode? value)
    {
        var names = path.Split('.');
        if (names.Length > Limits.MaxCustomDepth)
            throw ApiException.Input($"a path has at most {Limits.MaxCustomDepth} parts");
        foreach (var name in names[..^1])
        {
            if (custom[name] is not JsonObject child)
            {
                if (value is null)
                    return;
                custom[name] = child = [];
            }

            custom = child;
        }

        if (value is null)
            custom.Remove(names[^1]);
        else
            custom[names[^1]] = value.DeepClone();
    }

    private static string? Text(string name, JsonNode? value) => value?.GetValueKind() switch
    {
        null => null,
        JsonValueKind.String => value.GetValue<string>(),
        _ => throw ApiException.InvalidField(name, "must be text"),
    };

    private static bool Flag(string name, JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw ApiException.InvalidField(name, "must be true or false"),
    };

    private static DateTimeOffset? Time(string name, JsonNode? value)
    {
        if (Text(name, value) is not { } text)
            return null;
        return StreamTime.TryParse(text, CultureInfo.InvariantCulture, out var time)
            ? time.ToDateTimeOffset()
            : throw ApiException.InvalidField(name, "must be an RFC 3339 time");
    }

    private static string[] Texts(string name, JsonNode? value) => value switch
    {
        null => [],
        JsonArray list => [.. list.Select(item => Text(name, item) ?? throw NoTexts(name))],
        _ => throw NoTexts(name),
    };

    private static ApiException NoTexts(string name) => ApiException.InvalidField(name, "must be a list of texts");

    private static Dictionary<string, string>? TextMap(string name, JsonNode? value) => value switch
    {
        null => null,
        JsonObject map => map.ToDictionary(
            entry => entry.Key,
            entry => Text(name, entry.Value) ?? throw ApiException.InvalidField(name, "must map to texts")),
        _ => throw ApiException.InvalidField(name, "must be an object"),
    };
}
