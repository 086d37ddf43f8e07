using Microsoft.Extensions.Options;

namespace StreamGateway.Settings;

/// <summary>Where settings come from, and how each slice declares its own.</summary>
internal static class SettingsExtensions
{
    /// <summary>Environment variables people already know, and the settings they stand for.</summary>
    private static readonly (string Variable, string Key)[] KnownVariables =
    [
        ("PORT", "Server:Port"),
        ("LOCAL_STREAM_PORT", "LocalStream:Port"),
        ("STREAM_API_KEY", "Stream:ApiKey"),
        ("STREAM_API_SECRET", "Stream:ApiSecret"),
        ("STREAM_BASE_URL", "Stream:BaseUrl"),
    ];

    /// <summary>Adds the short environment variables, below the full ones and the command line.</summary>
    public static void AddGatewaySettings(this WebApplicationBuilder builder)
    {
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
        return services;
    }

    private static void Bind<TOptions>(TOptions options, IConfigurationSection section)
        where TOptions : class
    {
        try
        {
            section.Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException bad)
        {
            // The binder names the property, this adds the section it belongs to.
            throw new OptionsValidationException(
                section.Path, typeof(TOptions), [Explain(section, bad)]);
        }
    }

    private static string Explain(IConfigurationSection section, InvalidOperationException bad) =>
        bad.Message.Contains(nameof(BinderOptions.ErrorOnUnknownConfiguration), StringComparison.Ordinal)
            ? $"The section {section.Path} has unknown keys: {bad.Message[(bad.Message.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]}."
            : bad.Message;
}
