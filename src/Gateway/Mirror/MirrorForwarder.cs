using System.Net;
using GetStream.Http;
using Microsoft.AspNetCore.Http.Features;
using StreamGateway.Errors;
using StreamGateway.Upstream;

namespace StreamGateway.Mirror;

/// <summary>
/// Carries one request to Stream and its answer back, streaming both bodies: nothing is parsed, held as a whole,
/// decompressed or repeated.
/// </summary>
internal sealed class MirrorForwarder(StreamConnection connection) : IDisposable
{
    /// <summary>How long a transfer may stand still, and how long Stream may think about an answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        EnableMultipleHttp2Connections = true,
    });

    private readonly Lazy<string> _baseAddress = new(() => connection.Options.BaseUrl.AbsoluteUri.TrimEnd('/'));

    public void Dispose() => _http.Dispose();

    /// <exception cref="ProblemException">No answer came from Stream.</exception>
    public async Task ForwardAsync(HttpContext context, MirrorTarget target, ApiOperation operation, string token)
    {
        using var stall = new MirrorStall(Patience, context.RequestAborted);
        using var request = CreateRequest(context, target, operation, token, stall);
        using var answer = await SendAsync(request, stall, context.RequestAborted);
        var response = context.Response;
        response.StatusCode = (int)answer.StatusCode;
        MirrorHeaders.CopyTo(response, answer);
        await CopyAnswerAsync(context, answer, stall);
    }

    private HttpRequestMessage CreateRequest(
        HttpContext context, MirrorTarget target, ApiOperation operation, string token, MirrorStall stall)
    {
        var request = new HttpRequestMessage(
            operation.Method, target.At(_baseAddress.Value, connection.Options.ApiKey));
        if (HasBody(context))
        {
            request.Content = new MirrorRequestBody(context.Request, stall);
        }
        else if (operation.Method == HttpMethod.Post || operation.Method == HttpMethod.Patch)
        {
            // Without content the HTTP stack would send it again when the connection ends before the answer.
            request.Content = new ByteArrayContent([]);
        }

        MirrorHeaders.CopyTo(request, context.Request.Headers);
        request.Headers.TryAddWithoutValidation("Authorization", token);
        request.Headers.TryAddWithoutValidation("stream-auth-type", "jwt");
        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, MirrorStall stall, CancellationToken clientGone)
    {
        try
        {
            return await _http.SendAsync(request, stall.Token);
        }
        catch (OperationCanceledException late) when (!clientGone.IsCancellationRequested)
        {
            throw new ProblemException(
                ProblemTypes.DeadlineExceeded, $"Stream did not answer within {Patience.TotalSeconds:0} seconds.", late)
            {
                Stage = "coordinator",
            };
        }
        catch (HttpRequestException failure)
        {
            throw new ProblemException(
                ProblemTypes.CoordinatorUnreachable, $"Stream cannot be reached: {failure.HttpRequestError}.", failure)
            {
                Stage = "coordinator",
            };
        }
    }

    /// <summary>Once the answer has begun, all that can be done about a break is to break off as well.</summary>
    private static async Task CopyAnswerAsync(HttpContext context, HttpResponseMessage answer, MirrorStall stall)
    {
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(stall.Token);
            await MirrorCopy.RunAsync(body, context.Response.Body, stall);
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException or OperationCanceledException)
        {
            context.Abort();
        }
    }

    private static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is true && context.Request.ContentLength is not 0;
}
