using Microsoft.AspNetCore.Http.Features;
using StreamGateway.Connections;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Media;

/// <summary>A response whose body is a live stream.</summary>
internal static class MediaResponse
{
    /// <summary>Sends a sink until it or the client ends. A client that takes nothing for so long is cut off.</summary>
    public static async Task SendAsync(HttpContext context, RtcSink sink, string contentType, TimeSpan stalledTimeout)
    {
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.SetStallTimeout(stalledTimeout);

        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        await sink.CopyToAsync(context.Response.BodyWriter, context.RequestAborted);
    }
}
