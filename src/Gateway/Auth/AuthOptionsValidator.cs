using Microsoft.Extensions.Options;

namespace StreamGateway.Auth;

/// <summary>Checks every configured key, so that a typing error never leaves a key without effect.</summary>
internal sealed class AuthOptionsValidator : IValidateOptions<AuthOptions>
{
    private const int MinimumKeyLength = 16;

    public ValidateOptionsResult Validate(string? name, AuthOptions options)
    {
        var failures = options.Keys.SelectMany(Check).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Check(ApiKeyOptions key, int index)
    {
        var path = $"{AuthOptions.Section}:Keys:{index}";
        if (string.IsNullOrWhiteSpace(key.Name))
        {
            yield return $"{path}:Name is missing.";
        }

        if (key.Key is null == key.Sha256 is null)
        {
            yield return $"{path} needs either Key or Sha256.";
        }
        else if (key.Key is { Length: < MinimumKeyLength })
        {
            yield return $"{path}:Key must have at least {MinimumKeyLength} characters.";
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
