using GetStream.Auth;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Upstream;

namespace StreamGateway.Mirror;

/// <summary>
/// Decides with which token a request goes on: a Stream token, once checked, goes on as it is, so a user stays that
/// user; a key of the gateway becomes the server's own token.
/// </summary>
internal sealed class MirrorCaller(StreamConnection connection, ApiKeyStore keys, TimeProvider time)
{
    private const string BearerPrefix = "Bearer ";

    private readonly Lazy<string> _serverToken = new(() => StreamTokens.CreateServerToken(connection.Options.ApiSecret));

    /// <exception cref="ProblemException">Neither key nor token is good, or the key lacks the scope.</exception>
    public string TokenFor(HttpRequest request)
    {
        if (StreamToken(request) is { } token)
        {
            var result = TokenVerifier.Verify(token, connection.Options.ApiSecret, time);
            return result.IsValid ? token : throw Refused(Describe(result.Error.Value));
        }

        var caller = keys.Identify(request, out var refusal)
            ?? throw Refused(refusal ?? "Send a key of this gateway, or a token made with Stream's API secret.");
        return caller.MayUse(Scopes.Rest)
            ? _serverToken.Value
            : throw new ProblemException(
                ProblemTypes.InsufficientScope, $"This route needs a key with the scope {Scopes.Rest}.");
    }

    /// <summary>A JWT, as Stream's SDKs send it, with or without "Bearer"; keys of the gateway hold no two dots.</summary>
    private static string? StreamToken(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        var value = header.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)
            ? header[BearerPrefix.Length..].Trim()
            : header;
        return value.StartsWith("eyJ", StringComparison.Ordinal) && value.AsSpan().Count('.') is 2 ? value : null;
    }

    private static ProblemException Refused(string detail) => new(ProblemTypes.Unauthenticated, detail);

    private static string Describe(TokenError error) => error switch
    {
        TokenError.Expired => "The token has expired.",
        TokenError.NotYetValid => "The token is not valid yet.",
        TokenError.UsedBeforeIssued => "The token was issued in the future: check the clocks.",
        TokenError.BadSignature => "The token is not signed with this gateway's Stream API secret.",
        TokenError.UnsupportedAlgorithm => "The token is not signed with HS256.",
        _ => "The token is malformed.",
    };
}
