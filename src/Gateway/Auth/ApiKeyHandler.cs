using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using StreamGateway.Errors;

namespace StreamGateway.Auth;

/// <summary>
/// Recognizes a caller by <c>Authorization: Bearer KEY</c>, <c>X-Api-Key: KEY</c> or, on streams, <c>?ticket=</c>.
/// </summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder,
    ApiKeyStore keys, TicketService tickets)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public new const string Scheme = "ApiKey";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (keys.HasKeys
            && Context.GetEndpoint()?.Metadata.GetMetadata<AcceptsTicket>() is not null
            && Request.Query["ticket"].ToString() is { Length: > 0 } ticket)
        {
            return Task.FromResult(tickets.Read(ticket, Request.Path, out var why) is { } bearer
                ? Accept(bearer)
                : AuthenticateResult.Fail(why!));
        }

        if (keys.Identify(Request, out var refusal) is { } caller)
        {
            return Task.FromResult(Accept(caller));
        }

        return Task.FromResult(refusal is null ? AuthenticateResult.NoResult() : AuthenticateResult.Fail(refusal));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = (await HandleAuthenticateOnceSafeAsync()).Failure;
        Response.Headers.WWWAuthenticate = "Bearer";
        await ProblemWriter.WriteAsync(
            Context, new ProblemException(ProblemTypes.Unauthenticated, failure?.Message ?? "This route needs a key."));
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var scopes = Context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy) ?? [];
        return ProblemWriter.WriteAsync(
            Context,
            new ProblemException(
                ProblemTypes.InsufficientScope, $"This route needs a key with the scope {string.Join(" and ", scopes)}."));
    }

    private static AuthenticateResult Accept(System.Security.Claims.ClaimsPrincipal caller) =>
        AuthenticateResult.Success(new AuthenticationTicket(caller, Scheme));
}

/// <summary>Marks an endpoint that a browser opens without headers and that therefore takes <c>?ticket=</c>.</summary>
internal sealed class AcceptsTicket;
