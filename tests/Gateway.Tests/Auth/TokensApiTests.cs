using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace StreamGateway.Tests.Auth;

public sealed class TokensApiTests : IClassFixture<GatewayApplication>
{
    private readonly GatewayApplication _gateway;

    public TokensApiTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task A_token_says_what_was_asked_for_and_is_signed_with_the_secret()
    {
        using var response = await _gateway.PostAsync(
            "/v1/tokens", """{"user_id":"alice","expires_in":60,"call_cids":["default:demo"],"role":"admin"}""");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var made = await GatewayApplication.JsonOf(response);
        var parts = made.GetProperty("token").GetString()!.Split('.');
        var signature = HMACSHA256.HashData(
            Encoding.UTF8.GetBytes(_gateway.Stream.Options.ApiSecret), Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"));
        Assert.Equal(Base64Url.EncodeToString(signature), parts[2]);
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
        Assert.Equal("alice", claims.GetProperty("user_id").GetString());
        Assert.Equal("admin", claims.GetProperty("role").GetString());
        Assert.Equal("default:demo", claims.GetProperty("call_cids")[0].GetString());
        Assert.Equal(_gateway.Stream.Options.ApiKey, made.GetProperty("api_key").GetString());
        Assert.InRange(made.GetProperty("expires_at").GetDateTimeOffset(), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddSeconds(61));
    }

    [Theory]
    [InlineData("""{"expires_in":60}""", "user_id")]
    [InlineData("""{"user_id":""}""", "user_id")]
    [InlineData("""{"user_id":"alice","expires_in":0}""", "expires_in")]
    [InlineData("""{"user_id":"alice","call_cids":["demo"]}""", "call_cids")]
    [InlineData("""{"user_id":"alice","call_cids":"demo"}""", "call_cids")]
    [InlineData("""{"user_id":"alice","call_cids":[null]}""", "call_cids")]
    [InlineData("""{"user_id":"alice","role":"admin"}""", "role")]
    public async Task A_bad_field_is_named(string body, string field)
    {
        using var response = await _gateway.PostAsync("/v1/tokens", body);

        var problem = await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }
}
