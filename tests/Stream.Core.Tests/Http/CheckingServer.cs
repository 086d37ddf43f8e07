using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GetStream.Tests.Spec;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GetStream.Tests.Http;

/// <summary>
/// A stand-in for the API on loopback that holds every request against the facts and answers with a full sample.
/// </summary>
internal sealed class CheckingServer : IAsyncDisposable
{
    public const string ApiKey = "key&=?# ü";
    public const string ApiSecret = "a secret for tests";

    private readonly WebApplication _app;
    private readonly SampleWriter _samples = new(Facts.Server, new SampleOptions());
    private readonly FactsValidator _validator = new(Facts.Server);

    private CheckingServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    /// <summary>What the next request must be; set before each call.</summary>
    public (JsonElement Operation, RecordedSamples Samples) Expected { get; set; }

    /// <summary>What was wrong with the requests so far.</summary>
    public List<string> Errors { get; } = [];

    public HashSet<string> Tokens { get; } = [];

    public byte[] LastAnswer { get; private set; } = [];

    public int Requests { get; private set; }

    public static async Task<CheckingServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<FormOptions>(o => o.MultipartBodyLengthLimit = 256 * 1024 * 1024);
        builder.WebHost.ConfigureKestrel(o => o.Limits.MaxRequestBodySize = 256 * 1024 * 1024);
        var server = new CheckingServer(builder.Build());
        server._app.Run(server.HandleAsync);
        await server._app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        Requests++;
        var (operation, samples) = Expected;
        var id = operation.GetProperty("id").GetString();
        var errors = await CheckAsync(context, operation, samples);
        Errors.AddRange(errors.Select(error => $"{id}: {error}"));

        LastAnswer = _samples.Write(operation.GetProperty("response").GetString()!);
        context.Response.StatusCode = operation.GetProperty("status").GetInt32();
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers["X-RateLimit-Limit"] = "1000";
        context.Response.Headers["X-RateLimit-Remaining"] = "999";
        context.Response.Headers["X-RateLimit-Reset"] = "1767323040";
        context.Response.Headers["X-Request-Id"] = $"request {Requests}";
        await context.Response.Body.WriteAsync(LastAnswer);
    }

    private async Task<List<string>> CheckAsync(HttpContext context, JsonElement operation, RecordedSamples samples)
    {
        var errors = new List<string>();
        var request = context.Request;
        if (request.Method != operation.GetProperty("method").GetString())
        {
            errors.Add($"the method is {request.Method}");
        }

        var target = RawTarget.Parse(context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        errors.AddRange(target.Differences(operation, samples));
        if (target.Query.GetValueOrDefault("api_key") != ApiKey)
        {
            errors.Add("the API key is missing");
        }

        CheckHeaders(request, errors);
        if (operation.TryGetProperty("content_type", out _))
        {
            await CheckFormAsync(request, samples, errors);
        }
        else
        {
            await CheckBodyAsync(request, operation, samples, errors);
        }

        return errors;
    }

    private void CheckHeaders(HttpRequest request, List<string> errors)
    {
        var token = request.Headers.Authorization.ToString();
        _ = Tokens.Add(token);
        var parts = token.Split('.');
        var signature = parts.Length is 3
            ? HMACSHA256.HashData(Encoding.UTF8.GetBytes(ApiSecret), Encoding.UTF8.GetBytes($"{parts[0]}.{parts[1]}"))
            : [];
        if (parts.Length is not 3 || System.Buffers.Text.Base64Url.EncodeToString(signature) != parts[2])
        {
            errors.Add($"the token '{token}' is not signed with the secret");
        }

        if (request.Headers["stream-auth-type"] != "jwt" || request.Headers["X-Stream-Client"].Count is not 1)
        {
            errors.Add("stream-auth-type or X-Stream-Client is missing");
        }
    }

    private async Task CheckBodyAsync(HttpRequest request, JsonElement operation, RecordedSamples samples, List<string> errors)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        if (!operation.TryGetProperty("body", out var type))
        {
            if (body.Length > 0)
            {
                errors.Add("a body came where there is none");
            }

            return;
        }

        if (request.ContentType is not "application/json" || request.ContentLength != body.Length)
        {
            errors.Add($"the content type is {request.ContentType}, the length {request.ContentLength}");
        }

        if (!body.ToArray().AsSpan().SequenceEqual(samples.BodyJson))
        {
            errors.Add($"the body is {Encoding.UTF8.GetString(body.ToArray())}");
        }

        using var json = JsonDocument.Parse(body.ToArray());
        errors.AddRange(_validator.Check(json.RootElement, type.GetString()!));
    }

    private static async Task CheckFormAsync(HttpRequest request, RecordedSamples samples, List<string> errors)
    {
        var form = await request.ReadFormAsync();
        var file = form.Files.Single();
        using var content = new MemoryStream();
        await file.CopyToAsync(content);
        if (file.Name is not "file" || file.ContentType is not "image/png" || !content.ToArray().AsSpan().SequenceEqual(samples.FileBytes))
        {
            errors.Add($"the file came as {file.Name}, {file.ContentType}, {file.Length} bytes");
        }

        using var expected = JsonDocument.Parse(samples.BodyJson!);
        foreach (var field in expected.RootElement.EnumerateObject().Where(field => field.Name is not "file"))
        {
            if (form[field.Name] != field.Value.GetRawText())
            {
                errors.Add($"the form field {field.Name} is {form[field.Name]}");
            }
        }
    }
}
