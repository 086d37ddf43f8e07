using System.Diagnostics.Metrics;
using System.Net;
using GetStream.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using StreamGateway.Errors;
using StreamGateway.Server;
using StreamGateway.Upstream;

namespace StreamGateway.Mirror;

/// <summary>
/// Carries one request to Stream and its answer back, streaming both bodies: nothing is parsed, held as a whole,
/// decompressed or repeated.
/// </summary>
internal sealed class MirrorForwarder(
    StreamConnection connection, DescriptorBudget descriptors, IOptions<StreamOptions> options) : IDisposable
{
    private readonly TimeSpan _patience = options.Value.StallTimeout;

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        MaxConnectionsPerServer = descriptors.Upstream,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        // The client's own trace context goes on as it came; the gateway's part is told by its server's activity.
        ActivityHeadersPropagator = null,
        // The server's own metrics tell of each request already; a second set costs a twentieth of it.
        MeterFactory = new Unobserved(),
        RequestHeaderEncodingSelector = MirrorRequest.EncodingOf,
    });

    private readonly Lazy<string> _baseAddress = new(() => connection.Options.BaseUrl.AbsoluteUri.TrimEnd('/'));
    private readonly Lazy<string> _apiKey = new(() => "api_key=" + Uri.EscapeDataString(connection.Options.ApiKey));

    public void Dispose() => _http.Dispose();

    /// <exception cref="ProblemException">No answer came from Stream, or the client's body did not come.</exception>
    /// <exception cref="BadHttpRequestException">The client's body is not what HTTP allows.</exception>
    public async Task ForwardAsync(HttpContext context, MirrorTarget target, ApiOperation operation, string token)
    {
        using var stall = new MirrorStall(_patience, context.RequestAborted);
        using var request = new MirrorRequest(operation.Method, target.At(_baseAddress.Value, _apiKey.Value));
        var body = HasBody(context) ? new MirrorRequestBody(context.Request, stall) : null;
        request.SetToken(token);
        request.Headers.TryAddWithoutValidation("stream-auth-type", "jwt");
        AddContent(request, context, body);
        MirrorHeaders.CopyTo(request, context.Request.Headers);
        try
        {
            using var answer = await _http.SendAsync(request, stall.Token);
            await MirrorAnswer.CopyAsync(answer, context.Response, stall);
        }
        catch (OperationCanceledException late) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw body is { AwaitsClient: true } ? BodyTooLate(late) : TooLate(late);
        }
        catch (HttpRequestException failure)
        {
            throw body?.Fault is { } bad ? bad : MirrorProblems.From(failure);
        }
        finally
        {
            if (body is not null)
            {
                await body.StopAsync(); // the server reads what is left of it
            }
        }
    }

    private static void AddContent(MirrorRequest request, HttpContext context, MirrorRequestBody? body)
    {
        if (body is null)
        {
            if (request.Method != HttpMethod.Get)
            {
                request.Content = new ByteArrayContent([]); // for its length
            }

            return;
        }

        // Uploads may be as large as Stream takes them; nothing of them is held here.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        request.Content = body;
        if (context.Request.Headers.Expect.Count > 0)
        {
            request.Headers.ExpectContinue = true; // the client is asked for a body only when Stream asks for it
        }
    }

    private ProblemException TooLate(OperationCanceledException late) =>
        new(ProblemTypes.DeadlineExceeded, $"Stream did not answer within {_patience.TotalSeconds:0} seconds.", late)
        {
            Stage = "coordinator",
        };

    private ProblemException BodyTooLate(OperationCanceledException late) =>
        new(ProblemTypes.RequestTimeout, $"Nothing of the body came for {_patience.TotalSeconds:0} seconds.", late);

    private static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is true && context.Request.ContentLength is not 0;

    /// <summary>Makes meters that nobody listens to.</summary>
    private sealed class Unobserved : IMeterFactory
    {
        private readonly Meter _meter = new("unobserved");

        public Meter Create(MeterOptions options) => _meter;

        public void Dispose() => _meter.Dispose();
    }
}
