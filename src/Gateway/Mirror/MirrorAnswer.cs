namespace StreamGateway.Mirror;

/// <summary>Sends Stream's answer on while it arrives.</summary>
internal static class MirrorAnswer
{
    private const int LargestRead = 64 * 1024;

    public static async Task CopyAsync(HttpResponseMessage answer, HttpResponse response, MirrorStall stall)
    {
        response.StatusCode = (int)answer.StatusCode;
        MirrorHeaders.CopyTo(response, answer);
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
