using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace StreamGateway.Tests.Auth;

public sealed class AuthTests : IDisposable
{
    private const string ReaderKey = "a-key-that-may-only-read";
    private const string WriterKey = "a-key-that-may-do-all-there-is";

    private readonly GatewayApplication _gateway = new GatewayApplication()
        .With("Auth:Keys:0:Name", "reader")
        .With("Auth:Keys:0:Sha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ReaderKey))))
        .With("Auth:Keys:0:Scopes:0", "sessions:read")
        .With("Auth:Keys:0:Scopes:1", "events:read")
        .With("Auth:Keys:1:Name", "writer")
        .With("Auth:Keys:1:Key", WriterKey)
        .With("Auth:Keys:1:Scopes:0", "admin");

    public void Dispose() => _gateway.Dispose();

    [Fact]
    public async Task Without_a_key_only_health_and_the_description_are_served()
    {
        using var refused = await SendAsync(HttpMethod.Get, "/v1/sessions");
        using var alive = await SendAsync(HttpMethod.Get, "/health/live");
        using var described = await SendAsync(HttpMethod.Get, "/openapi/v1.json");

        await refused.HasCodeAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.ToString());
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        Assert.Equal(HttpStatusCode.OK, described.StatusCode);
    }

    [Theory]
    [InlineData("Authorization", $"Bearer {ReaderKey}")]
    [InlineData("X-Api-Key", ReaderKey)]
    public async Task A_key_is_taken_from_either_header(string header, string value)
    {
        using var response = await SendAsync(HttpMethod.Get, "/v1/sessions", (header, value));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task An_unknown_key_is_refused()
    {
        using var response = await SendAsync(HttpMethod.Get, "/v1/sessions", ("X-Api-Key", "somebody-elses-key"));

        await response.HasCodeAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_key_without_the_scope_is_told_which()
    {
        using var response = await SendAsync(HttpMethod.Delete, "/v1/sessions/x", ("X-Api-Key", ReaderKey));

        var problem = await response.HasCodeAsync(HttpStatusCode.Forbidden, "insufficient_scope");
        Assert.Contains("sessions:write", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task An_administrator_may_do_everything()
    {
        using var response = await SendAsync(HttpMethod.Delete, "/v1/sessions/x", ("X-Api-Key", WriterKey));

        await response.HasCodeAsync(HttpStatusCode.NotFound, "session_not_found");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, (string Name, string Value)? header = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (header is var (name, value))
        {
            request.Headers.Add(name, value);
        }

        return await _gateway.Http.SendAsync(request).WithTimeout();
    }
}
