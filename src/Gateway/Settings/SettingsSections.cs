using Microsoft.Extensions.Configuration.EnvironmentVariables;
using StreamGateway.Server;

namespace StreamGateway.Settings;

/// <summary>A section that some options are read from.</summary>
internal sealed record SettingsSection(string Name);

/// <summary>Finds sections that nothing reads, so that a typing error never leaves a setting without effect.</summary>
internal sealed class SettingsSections(IConfiguration configuration, IEnumerable<SettingsSection> known)
{
    private const int NearMiss = 2;

    /// <summary>What the host and the log read, and what the host itself is told on the command line.</summary>
    private static readonly string[] Others =
    [
        "Serilog", "Kestrel", "AllowedHosts", "urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName",
        "webroot", "startupAssembly", "hostingStartupAssemblies", "preventHostingStartup", "shutdownTimeoutSeconds",
    ];

    private readonly string[] _known = [.. known.Select(section => section.Name)];

    /// <exception cref="StartupException">There is such a section; the message names its keys.</exception>
    public void Check()
    {
        var unknown = ((IConfigurationRoot)configuration).Providers.SelectMany(UnknownIn).ToList();
        if (unknown.Count > 0)
        {
            throw new StartupException(string.Join(' ', unknown));
        }
    }

    private IEnumerable<string> UnknownIn(IConfigurationProvider provider) =>
        from name in provider.GetChildKeys([], null).Distinct(StringComparer.OrdinalIgnoreCase)
        where !_known.Concat(Others).Contains(name, StringComparer.OrdinalIgnoreCase) && IsMeant(provider, name)
        select Explain(provider, name);

    /// <summary>The environment holds much that is not for us: of that, only what looks like a section of ours.</summary>
    private bool IsMeant(IConfigurationProvider provider, string name) =>
        provider is not (EnvironmentVariablesConfigurationProvider or ChainedConfigurationProvider)
        || (provider.GetChildKeys([], name).Any() && Nearest(name) is not null);

    private string Explain(IConfigurationProvider provider, string name)
    {
        var key = provider.GetChildKeys([], name).FirstOrDefault() is { } child ? $"{name}:{child}" : name;
        var meant = Nearest(name) is { } near ? $"did you mean {near}?" : $"the sections are {string.Join(", ", _known)}.";
        return $"{key} is not a setting: there is no section {name}; {meant}";
    }

    private string? Nearest(string name) =>
        _known.FirstOrDefault(section => Distance(section.ToUpperInvariant(), name.ToUpperInvariant()) <= NearMiss);

    /// <summary>How many letters have to be put in, taken out or replaced (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var replaced = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
