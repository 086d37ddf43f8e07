using System.Text;
using GetStream.Json;
using GetStream.Local.Errors;

namespace GetStream.Local.Http;

/// <summary>What a connection too many is answered, whatever it asks for.</summary>
internal static class RefusedConnection
{
    public static readonly byte[] Answer = Create();

    private static byte[] Create()
    {
        var body = ModelJson.Write(ApiErrors.ToModel(ApiException.NoConnectionLeft(), operation: null, TimeSpan.Zero), StreamTimeFormat.Text);
        var head = $"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: {body.Length}\r\n"
            + "Retry-After: 5\r\nConnection: close\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body.Span];
    }
}
