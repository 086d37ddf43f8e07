using System.ComponentModel.DataAnnotations;
using StreamGateway.Settings;

namespace StreamGateway.Auth;

/// <summary>Who may use the gateway: section <c>Auth</c>.</summary>
internal sealed class AuthOptions
{
    public const string Section = "Auth";

    /// <value>The shortest a key may be.</value>
    public const int MinimumKeyLength = 16;

    /// <value>A key that may do everything, beside <see cref="Keys"/>. <c>GATEWAY_KEY</c> sets it too.</value>
    [MinLength(MinimumKeyLength, ErrorMessage = "{0} must have at least {1} characters.")]
    public string? Key { get; set; }

    /// <value>Without any, the gateway serves this machine alone and asks nobody for a key.</value>
    [MaxLength(1000)]
    public IList<ApiKeyOptions> Keys { get; } = [];

    /// <value>How long a ticket is good; what it has opened by then goes on. The default is one minute.</value>
    [Duration("00:00:05", "01:00:00")]
    public TimeSpan TicketLifetime { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>Signs tickets; set the same on every node. The default is made at each start.</value>
    [MinLength(32, ErrorMessage = "{0} must have at least 32 characters.")]
    public string? TicketSecret { get; set; }

    /// <summary>Puts <see cref="Key"/> among the others, where everything looks.</summary>
    public void AddKeyForEverything()
    {
        if (Key is not { Length: >= MinimumKeyLength })
        {
            return;
        }

        var key = new ApiKeyOptions { Name = "everything", Key = Key };
        foreach (var scope in Auth.Scopes.All)
        {
            key.Scopes.Add(scope);
        }

        Keys.Add(key);
    }
}

/// <summary>One key and what it may do.</summary>
internal sealed class ApiKeyOptions
{
    /// <value>Tells keys apart in logs, and to whom sessions belong; not secret. Keys of one name are one owner.</value>
    public string Name { get; set; } = "";

    /// <value>The key itself; prefer <see cref="Sha256"/>.</value>
    public string? Key { get; set; }

    /// <value>The key's SHA-256 in hexadecimal: <c>printf %s "$KEY" | sha256sum</c>.</value>
    public string? Sha256 { get; set; }

    /// <value>Some of the scopes in <see cref="Scopes.All"/>.</value>
    public IList<string> Scopes { get; } = [];
}
