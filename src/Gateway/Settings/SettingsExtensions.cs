using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using StreamGateway.Server;

namespace StreamGateway.Settings;

/// <summary>Where settings come from, and how each slice declares its own.</summary>
internal static partial class SettingsExtensions
{
    /// <summary>
    /// Adds the short variables and the directory of secrets, below the full variables and the command line.
    /// </summary>
    /// <exception cref="StartupException">A file that a variable names, or one of a secret, is of no use.</exception>
    public static void AddGatewaySettings(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SettingsSections>();
        var secrets = SecretsDirectory.Find();
        var sources = ((IConfigurationBuilder)builder.Configuration).Sources;
        var files = sources.OfType<Microsoft.Extensions.Configuration.Json.JsonConfigurationSource>().LastOrDefault();
        var place = files is null ? 0 : sources.IndexOf(files) + 1;
        sources.Insert(place, new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource { InitialData = ShortVariables.Read(secrets) });
        secrets.AddTo(sources, place);
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
