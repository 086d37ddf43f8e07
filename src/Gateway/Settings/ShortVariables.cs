using StreamGateway.Server;

namespace StreamGateway.Settings;

/// <summary>
/// Short names for settings that most installations need: as environment variables, as files of the directory of secrets,
/// and as files that a variable <c>NAME_FILE</c> names.
/// </summary>
internal static class ShortVariables
{
    private const string FileSuffix = "_FILE";

    /// <summary>Each name, and the setting it stands for.</summary>
    internal static readonly IReadOnlyDictionary<string, string> Keys = new Dictionary<string, string>
    {
        ["PORT"] = "Server:Port",
        ["GATEWAY_KEY"] = "Auth:Key",
        ["STREAM_API_KEY"] = "Stream:ApiKey",
        ["STREAM_API_SECRET"] = "Stream:ApiSecret",
        ["STREAM_BASE_URL"] = "Stream:BaseUrl",
        ["LOCAL_STREAM_HOST"] = "LocalStream:Address",
        ["LOCAL_STREAM_PORT"] = "LocalStream:Port",
        ["LOCAL_STREAM_SFU_PORT"] = "LocalStream:SfuPort",
        ["LOCAL_STREAM_MEDIA_PORT"] = "LocalStream:SfuMediaPort",
        ["LOCAL_STREAM_PUBLIC_ADDRESS"] = "LocalStream:PublicAddress",
        ["LOCAL_STREAM_API_KEY"] = "LocalStream:ApiKey",
        ["LOCAL_STREAM_API_SECRET"] = "LocalStream:ApiSecret",
        ["LOCAL_STREAM_DATA"] = "LocalStream:DataFile",
        ["LOCAL_STREAM_WEBHOOK_URL"] = "LocalStream:WebhookUrl",
        ["LOCAL_STREAM_ALLOWED_ORIGINS"] = "LocalStream:AllowedOrigins",
        ["LOCAL_STREAM_WEBHOOK_NETWORKS"] = "LocalStream:AllowedWebhookNetworks",
    };

    /// <summary>Settings of several values, which have commas between them.</summary>
    private static readonly HashSet<string> Lists = ["LocalStream:AllowedOrigins", "LocalStream:AllowedWebhookNetworks"];

    /// <returns>The settings of all names that are given.</returns>
    /// <exception cref="StartupException">A file cannot be used, or a name is given twice.</exception>
    public static Dictionary<string, string?> Read(SecretsDirectory secrets)
    {
        var settings = new Dictionary<string, string?>();
        foreach (var (name, key) in Keys)
        {
            if (Find(name, secrets) is { } value)
            {
                Add(settings, key, value);
            }
        }

        return settings;
    }

    private static void Add(Dictionary<string, string?> settings, string key, string value)
    {
        if (!Lists.Contains(key))
        {
            settings[key] = value;
            return;
        }

        foreach (var (index, part) in value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Index())
        {
            settings[$"{key}:{index}"] = part;
        }
    }

    private static string? Find(string name, SecretsDirectory secrets)
    {
        var value = Variable(name);
        if (Variable(name + FileSuffix) is not { } path)
        {
            return value ?? secrets.Read(name);
        }

        return value is null
            ? SecretFile.Read(path, name + FileSuffix)
            : throw new StartupException($"{name} and {name}{FileSuffix} are both set: set one of them.");
    }

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;
}
