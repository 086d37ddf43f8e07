using System.Globalization;
using Microsoft.AspNetCore.Mvc;

namespace StreamGateway.Errors;

/// <summary>Writes a problem as <c>application/problem+json</c> (RFC 9457).</summary>
internal static class ProblemWriter
{
    public static Task WriteAsync(HttpContext context, ProblemException problem)
    {
        context.Response.StatusCode = problem.Type.Status;
        context.Response.Headers.XContentTypeOptions = "nosniff"; // it repeats what was asked for
        if (problem.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter =
                Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        return context.Response.WriteAsJsonAsync(
            Describe(problem, context), options: null, contentType: "application/problem+json", CancellationToken.None);
    }

    private static ProblemDetails Describe(ProblemException problem, HttpContext context)
    {
        var details = new ProblemDetails
        {
            Type = $"/errors/{problem.Type.Code}",
            Title = problem.Type.Title,
            Status = problem.Type.Status,
            Detail = problem.Message,
            Extensions =
            {
                ["code"] = problem.Type.Code,
                ["trace_id"] = TraceId.Of(context),
            },
        };
        AddIfPresent(details, "message", RepeatsDetail(context) ? problem.Message : null);
        AddIfPresent(details, "stage", problem.Stage);
        AddIfPresent(details, "stream", problem.Stream);
        AddIfPresent(details, "errors", problem.Errors);
        return details;
    }

    private static bool RepeatsDetail(HttpContext context) =>
        context.GetMatchedEndpoint()?.Metadata.GetMetadata<DetailAsMessage>() is not null;

    private static void AddIfPresent(ProblemDetails details, string name, object? value)
    {
        if (value is not null)
        {
            details.Extensions[name] = value;
        }
    }
}
