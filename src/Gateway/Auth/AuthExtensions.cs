using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using StreamGateway.Settings;

namespace StreamGateway.Auth;

internal static class AuthExtensions
{
    public static IServiceCollection AddGatewayAuth(this IServiceCollection services)
    {
        services.AddSettings<AuthOptions>(AuthOptions.Section);
        services.PostConfigure<AuthOptions>(options => options.AddKeyForEverything());
        services.AddSingleton<IValidateOptions<AuthOptions>, AuthOptionsValidator>();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<TicketService>();

        // AddAuthentication would bring data protection along, which keeps keys on a disk there may not be.
        services.AddAuthenticationCore(options => options.DefaultScheme = ApiKeyHandler.Scheme);
        services.AddWebEncoders();
        new AuthenticationBuilder(services)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.Scheme, configureOptions: null);

        var authorization = services.AddAuthorizationBuilder();
        foreach (var scope in Scopes.All)
        {
            authorization.AddPolicy(scope, policy => policy
                .RequireAuthenticatedUser()
                .RequireAssertion(context => context.User.MayUse(scope)));
        }

        authorization.AddPolicy(Scopes.AnyRead, policy => policy
            .RequireAuthenticatedUser()
            .RequireAssertion(context => context.User.MayUse(Scopes.SessionsRead) || context.User.MayUse(Scopes.EventsRead)));
        return services;
    }

    public static void UseGatewayAuth(this WebApplication app)
    {
        app.UseAuthentication();
        app.UseAuthorization();
    }

    /// <summary>Lets a stream or a file be opened with <c>?ticket=</c> as well.</summary>
    public static TBuilder AcceptTicket<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new AcceptsTicket());
}
