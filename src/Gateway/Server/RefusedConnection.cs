using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using StreamGateway.Errors;

namespace StreamGateway.Server;

/// <summary>What a connection too many is answered, whatever it asks for.</summary>
internal static class RefusedConnection
{
    private const int RetryAfterSeconds = 5;

    public static readonly byte[] Answer = Create();

    private static byte[] Create()
    {
        var problem = ProblemTypes.CapacityExceeded;
        var body = JsonSerializer.Serialize(
            new ProblemDetails
            {
                Type = $"/errors/{problem.Code}",
                Title = problem.Title,
                Status = problem.Status,
                Detail = "All connections of the gateway are in use.",
                Extensions = { ["code"] = problem.Code },
            },
            JsonSerializerOptions.Web);
        return Encoding.UTF8.GetBytes(
            $"HTTP/1.1 {problem.Status} Service Unavailable\r\nContent-Type: application/problem+json\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nRetry-After: {RetryAfterSeconds}\r\nConnection: close\r\n\r\n{body}");
    }
}
