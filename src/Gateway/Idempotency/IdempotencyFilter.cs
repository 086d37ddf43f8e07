using System.Security.Cryptography;
using System.Text;
using StreamGateway.Auth;
using StreamGateway.Errors;
using StreamGateway.Json;

namespace StreamGateway.Idempotency;

/// <summary>Answers a repeated <c>Idempotency-Key</c> with the first answer instead of doing the work again.</summary>
internal static class IdempotencyFilter
{
    private const string KeyHeader = "Idempotency-Key";
    private const int MaximumKeyLength = 255;

    public static IServiceCollection AddIdempotency(this IServiceCollection services) =>
        services.AddSingleton<IdempotencyStore>();

    public static RouteHandlerBuilder WithIdempotency(this RouteHandlerBuilder route) =>
        route.AddEndpointFilter(ApplyAsync).WithMetadata(new TakesIdempotencyKey());

    public static bool HasKey(HttpRequest request) => request.Headers[KeyHeader].ToString().Length > 0;

    private static async ValueTask<object?> ApplyAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var key = context.Request.Headers[KeyHeader].ToString();
        if (key.Length == 0)
        {
            return await next(invocation);
        }

        if (key.Length > MaximumKeyLength)
        {
            throw new ProblemException(
                ProblemTypes.InvalidRequest, $"The header Idempotency-Key may have {MaximumKeyLength} characters.");
        }

        var store = context.RequestServices.GetRequiredService<IdempotencyStore>();
        var scoped = $"{context.User.NameOf()}\n{context.Request.Path}\n{key}";
        var answer = await store.GetOrAddAsync(scoped, Fingerprint(invocation), () => ExecuteAsync(invocation, next));
        return new Replay(answer);
    }

    private static string Fingerprint(EndpointFilterInvocationContext invocation)
    {
        var said = string.Join('\n', invocation.Arguments.OfType<IJsonBody>().Select(body => body.Text));
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(said)));
    }

    private static async Task<StoredAnswer> ExecuteAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var result = (IResult)(await next(invocation))!;
        var body = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        try
        {
            await result.ExecuteAsync(context);
            await context.Response.BodyWriter.FlushAsync();
        }
        finally
        {
            context.Response.Body = body;
        }

        return new StoredAnswer(
            context.Response.StatusCode,
            context.Response.ContentType,
            context.Response.Headers.Location.ToString() is { Length: > 0 } location ? location : null,
            buffer.ToArray());
    }

    private sealed class Replay(StoredAnswer answer) : IResult
    {
        public async Task ExecuteAsync(HttpContext context)
        {
            context.Response.StatusCode = answer.Status;
            context.Response.ContentType = answer.ContentType;
            if (answer.Location is not null)
            {
                context.Response.Headers.Location = answer.Location;
            }

            // Of answers such as 204 not even the write of nothing is allowed.
            if (answer.Body.Length > 0)
            {
                await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
            }
        }
    }
}

/// <summary>Marks an endpoint that takes <c>Idempotency-Key</c>, for the API description.</summary>
internal sealed class TakesIdempotencyKey;
