using System.Net;
using StreamGateway.Errors;

namespace StreamGateway.Mirror;

/// <summary>Sends Stream's answer on while it arrives.</summary>
internal static class MirrorAnswer
{
    private const int LargestRead = 64 * 1024;

    /// <exception cref="ProblemException">Stream's answer is not one that everybody reads alike.</exception>
    public static async Task CopyAsync(HttpResponseMessage answer, HttpResponse response, MirrorStall stall)
    {
        if (Defect(answer) is { } defect)
        {
            throw MirrorProblems.NotHttp(defect);
        }

        response.StatusCode = (int)answer.StatusCode;
        MirrorHeaders.CopyTo(response, answer);
        if (answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.ResetContent or HttpStatusCode.NotModified)
        {
            return;
        }

        try
        {
            await CopyBodyAsync(answer.Content, response, stall);
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException or OperationCanceledException)
        {
            // Once the answer has begun, all that can be done about a break is to break off as well.
            response.HttpContext.Abort();
        }
    }

    /// <summary>What a server after us could take for another status or another length than the HTTP stack does.</summary>
    private static string? Defect(HttpResponseMessage answer)
    {
        if ((int)answer.StatusCode < 200)
        {
            return $"its status is {(int)answer.StatusCode:000}";
        }

        var isCoded = answer.Headers.NonValidated.TryGetValues("Transfer-Encoding", out var codings);
        if (isCoded && !codings.ToString().Equals("chunked", StringComparison.OrdinalIgnoreCase))
        {
            return "its Transfer-Encoding is another than chunked";
        }

        if (!answer.Content.Headers.NonValidated.TryGetValues("Content-Length", out var lengths))
        {
            return null;
        }

        return isCoded ? "it has both Transfer-Encoding and Content-Length"
            : lengths.Count > 1 || answer.Content.Headers.ContentLength is null ? "its Content-Length is no number"
            : null;
    }

    private static async Task CopyBodyAsync(HttpContent content, HttpResponse response, MirrorStall stall)
    {
        var left = content.Headers.ContentLength ?? long.MaxValue;
        await using var body = await content.ReadAsStreamAsync(stall.Token);
        while (left > 0)
        {
            var memory = response.BodyWriter.GetMemory((int)Math.Min(left, LargestRead));
            var count = await body.ReadAsync(memory, stall.Token);
            if (count is 0)
            {
                return;
            }

            stall.Moved();
            left -= count;
            response.BodyWriter.Advance(count);
            await response.BodyWriter.FlushAsync(stall.Token); // the client may be waiting for just these bytes
            stall.Moved();
        }
    }
}
