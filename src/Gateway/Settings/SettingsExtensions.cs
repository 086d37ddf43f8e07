using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace StreamGateway.Settings;

/// <summary>Where settings come from, and how each slice declares its own.</summary>
internal static partial class SettingsExtensions
{
    /// <summary>Environment variables people already know, and the settings they stand for.</summary>
    private static readonly (string Variable, string Key)[] KnownVariables =
    [
        ("PORT", "Server:Port"),
        ("LOCAL_STREAM_PORT", "LocalStream:Port"),
        ("LOCAL_STREAM_SFU_PORT", "LocalStream:SfuPort"),
        ("LOCAL_STREAM_MEDIA_PORT", "LocalStream:SfuMediaPort"),
        ("LOCAL_STREAM_API_KEY", "LocalStream:ApiKey"),
        ("LOCAL_STREAM_API_SECRET", "LocalStream:ApiSecret"),
        ("LOCAL_STREAM_DATA", "LocalStream:DataFile"),
        ("LOCAL_STREAM_WEBHOOK_URL", "LocalStream:WebhookUrl"),
        ("STREAM_API_KEY", "Stream:ApiKey"),
        ("STREAM_API_SECRET", "Stream:ApiSecret"),
        ("STREAM_BASE_URL", "Stream:BaseUrl"),
    ];

    /// <summary>Adds the short environment variables, below the full ones and the command line.</summary>
    public static void AddGatewaySettings(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SettingsSections>();
        var known = KnownVariables
            .Select(known => KeyValuePair.Create(known.Key, Environment.GetEnvironmentVariable(known.Variable)))
            .Where(setting => !string.IsNullOrWhiteSpace(setting.Value));

        var sources = ((IConfigurationBuilder)builder.Configuration).Sources;
        var files = sources.OfType<Microsoft.Extensions.Configuration.Json.JsonConfigurationSource>().LastOrDefault();
        var place = files is null ? 0 : sources.IndexOf(files) + 1;
        sources.Insert(place, new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource { InitialData = known });
    }

    /// <summary>
    /// Binds <typeparamref name="TOptions"/> to a section and checks it when the service starts: an unknown key or a
    /// value out of its bounds ends the process with a sentence that names the key.
    /// </summary>
    public static IServiceCollection AddSettings<TOptions>(this IServiceCollection services, string section)
        where TOptions : class
    {
        services.AddOptions<TOptions>()
            .Configure<IConfiguration>((options, configuration) => Bind(options, configuration.GetSection(section)))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>>(new SettingsValidator<TOptions>(section));
        services.AddSingleton(new SettingsSection(section));
        return services;
    }

    private static void Bind<TOptions>(TOptions options, IConfigurationSection section)
        where TOptions : class
    {
        var unknown = SettingsKeys.Unknown(section, typeof(TOptions)).ToList();
        if (unknown.Count > 0)
        {
            throw new OptionsValidationException(section.Path, typeof(TOptions), unknown);
        }

        try
        {
            section.Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException bad)
        {
            throw new OptionsValidationException(section.Path, typeof(TOptions), [Explain(section, bad)]);
        }
    }

    /// <summary>The binder names the key and a .NET type; people want to know what to write.</summary>
    private static string Explain(IConfigurationSection section, InvalidOperationException bad)
    {
        var conversion = Conversion().Match(bad.Message);
        if (!conversion.Success)
        {
            return $"The section {section.Path} is not usable: {bad.Message}";
        }

        var form = conversion.Groups["type"].Value switch
        {
            "System.TimeSpan" => "a duration (hh:mm:ss)",
            "System.Boolean" => "true or false",
            "System.Int32" or "System.Int64" => "a whole number",
            "System.Uri" => "an address",
            var type when type.Contains("List", StringComparison.Ordinal) => "a list, whose entries are named :0, :1 and so on",
            _ => "of another kind",
        };
        return $"{conversion.Groups["key"].Value} must be {form}, not \"{conversion.Groups["value"].Value}\".";
    }

    [GeneratedRegex("configuration value '(?<value>.*)' at '(?<key>[^']+)' to type '(?<type>[^']+)")]
    private static partial Regex Conversion();
}
