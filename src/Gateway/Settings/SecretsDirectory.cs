using Microsoft.Extensions.Configuration.KeyPerFile;
using Microsoft.Extensions.FileProviders;
using StreamGateway.Server;

namespace StreamGateway.Settings;

/// <summary>
/// Where containers get their secrets: each file is named like a variable and holds its value. Other files are left alone.
/// </summary>
internal sealed class SecretsDirectory
{
    private const string Variable = "GATEWAY_SECRETS_DIR";
    private const string Usual = "/run/secrets";
    private const string Delimiter = "__";

    private readonly string? _path;

    private SecretsDirectory(string? path) => _path = path;

    /// <exception cref="StartupException">The variable names a directory that is not there.</exception>
    public static SecretsDirectory Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } chosen)
        {
            return new SecretsDirectory(Directory.Exists(Usual) ? Usual : null);
        }

        return Directory.Exists(chosen)
            ? new SecretsDirectory(Path.GetFullPath(chosen))
            : throw new StartupException($"{Variable} names {chosen}, which is no directory.");
    }

    /// <returns>The value of a short variable; null when there is no such file.</returns>
    public string? Read(string name) =>
        _path is not null && Path.Combine(_path, name) is var file && File.Exists(file)
            ? SecretFile.Read(file, $"The secret {name}")
            : null;

    /// <summary>Adds the files that are named like full variables, such as <c>Auth__Keys__0__Sha256</c>.</summary>
    public void AddTo(IList<IConfigurationSource> sources, int place)
    {
        if (_path is null)
        {
            return;
        }

        try
        {
            sources.Insert(place, new KeyPerFileConfigurationSource
            {
                FileProvider = new PhysicalFileProvider(_path),
                SectionDelimiter = Delimiter,
                IgnoreCondition = name => !name.Contains(Delimiter, StringComparison.Ordinal),
            });
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"A secret in {_path} cannot be read: {failure.Message}", failure);
        }
    }
}
