using Microsoft.Extensions.Options;

namespace StreamGateway.Auth;

/// <summary>Checks every configured key, so that a typing error never leaves a key without effect.</summary>
internal sealed class AuthOptionsValidator : IValidateOptions<AuthOptions>
{
    private const int LongestName = 100;

    public ValidateOptionsResult Validate(string? name, AuthOptions options)
    {
        var failures = options.Keys.SelectMany(Check).Concat(Duplicates(options.Keys)).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    /// <summary>Of two entries with one key, one would have no effect.</summary>
    private static IEnumerable<string> Duplicates(IList<ApiKeyOptions> keys)
    {
        var seen = new Dictionary<string, int>();
        for (var index = 0; index < keys.Count; index++)
        {
            if ((keys[index].Key ?? keys[index].Sha256) is not null && !seen.TryAdd(ApiKeyStore.HashOf(keys[index]), index))
            {
                yield return $"{AuthOptions.Section}:Keys:{index} is the same key as {AuthOptions.Section}:Keys:{seen[ApiKeyStore.HashOf(keys[index])]}.";
            }
        }
    }

    private static IEnumerable<string> Check(ApiKeyOptions key, int index)
    {
        var path = $"{AuthOptions.Section}:Keys:{index}";
        if (string.IsNullOrWhiteSpace(key.Name))
        {
            yield return $"{path}:Name is missing.";
        }
        else if (key.Name.Length > LongestName)
        {
            yield return $"{path}:Name may have {LongestName} characters.";
        }

        if (key.Key is null == key.Sha256 is null)
        {
            yield return $"{path} needs either Key or Sha256.";
        }
        else if (key.Key is { Length: < AuthOptions.MinimumKeyLength })
        {
            yield return $"{path}:Key must have at least {AuthOptions.MinimumKeyLength} characters.";
        }
        else if (key.Sha256 is { } hash && (hash.Length != 64 || !hash.All(char.IsAsciiHexDigit)))
        {
            yield return $"{path}:Sha256 must be 64 hexadecimal digits.";
        }

        if (key.Scopes.Count == 0)
        {
            yield return $"{path}:Scopes is empty; the scopes are {string.Join(", ", Scopes.All)}.";
        }

        foreach (var unknown in key.Scopes.Except(Scopes.All))
        {
            yield return $"{path}:Scopes has the unknown scope \"{unknown}\"; the scopes are {string.Join(", ", Scopes.All)}.";
        }
    }
}
