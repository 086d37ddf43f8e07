using StreamGateway.Tests.Mirror;

namespace StreamGateway.Tests.Sessions;

public sealed class IdempotentEmptyAnswerTests
{
    [Theory]
    [InlineData("custom_events", """{"custom":{"a":1}}""")]
    [InlineData("reactions", """{"type":"like"}""")]
    public async Task A_repeated_request_without_an_answers_body_keeps_its_connection(string path, string body)
    {
        using var gateway = new GatewayApplication();
        var session = await gateway.JoinAsync("empty", "alice");
        using var client = await RawClient.ConnectAsync(gateway.Http.BaseAddress!);
        var request = $"POST /v1/sessions/{session}/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + $"Idempotency-Key: once\r\nContent-Length: {body.Length}\r\n\r\n{body}";

        for (var i = 0; i < 3; i++)
        {
            await client.WriteAsync(request);
            Assert.StartsWith("HTTP/1.1 204 No Content\r\n", await client.ReadUntilAsync("\r\n\r\n"));
        }

        await gateway.LeaveAsync(session);
    }
}
