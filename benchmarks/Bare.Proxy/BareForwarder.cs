namespace StreamGateway.Benchmarks;

/// <summary>The least that forwards a GET: one request up, its headers and its body down.</summary>
internal static class BareForwarder
{
    public static async Task ForwardAsync(HttpContext context, HttpMessageInvoker http, string upstream)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, upstream + context.Request.Path.Value);
        request.Headers.TryAddWithoutValidation("Authorization", (string?)context.Request.Headers.Authorization);
        using var answer = await http.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
        {
            context.Response.Headers[name] = values.ToString();
        }

        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
