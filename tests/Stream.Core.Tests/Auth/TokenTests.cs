using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using GetStream.Auth;

namespace GetStream.Tests.Auth;

public sealed class TokenTests
{
    private const string Secret = "a secret that is long enough";

    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void User_token_carries_user_issue_time_and_end()
    {
        var claims = Claims(StreamTokens.CreateUserToken(
            Secret, "jane", new UserTokenClaims { ExpiresIn = TimeSpan.FromHours(1) }, At(s_now)));

        Assert.Equal("jane", claims.UserId);
        Assert.False(claims.IsServer);
        Assert.Equal(s_now - StreamTokens.IssueSkew, claims.IssuedAt);
        Assert.Equal(s_now + TimeSpan.FromHours(1), claims.ExpiresAt);
    }

    [Fact]
    public void Call_token_carries_calls_and_role()
    {
        var claims = Claims(StreamTokens.CreateUserToken(
            Secret, "jane", new UserTokenClaims { CallCids = ["default:a", "livestream:b"], Role = "admin" }, At(s_now)));

        Assert.Equal(["default:a", "livestream:b"], claims.CallCids);
        Assert.Equal("admin", claims.Role);
        Assert.Null(claims.ExpiresAt);
    }

    [Fact]
    public void Server_token_speaks_for_the_server()
    {
        var claims = Claims(StreamTokens.CreateServerToken(Secret));

        Assert.True(claims.IsServer);
        Assert.Null(claims.UserId);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"iat":1700000000}""")]
    public void Token_without_a_user_is_a_servers(string payload)
    {
        var claims = Claims(Forge("""{"alg":"HS256","typ":"JWT"}""", payload));

        Assert.True(claims.IsServer);
        Assert.Null(claims.UserId);
    }

    [Fact]
    public void Token_is_the_JWT_that_any_library_makes()
    {
        // Computed with an independent implementation of RFC 7515.
        Assert.Equal(
            Forge("""{"alg":"HS256","typ":"JWT"}""", """{"server":true}"""), StreamTokens.CreateServerToken(Secret));
    }

    [Fact]
    public void Expired_token_is_told_from_the_second_it_ends()
    {
        var token = StreamTokens.CreateUserToken(
            Secret, "jane", new UserTokenClaims { ExpiresIn = TimeSpan.FromMinutes(1) }, At(s_now));

        Assert.True(TokenVerifier.Verify(token, Secret, At(s_now.AddSeconds(59))).IsValid);
        Assert.Equal(TokenError.Expired, TokenVerifier.Verify(token, Secret, At(s_now.AddSeconds(60))).Error);
    }

    [Fact]
    public void Token_issued_in_the_future_is_refused_beyond_the_skew()
    {
        var token = StreamTokens.CreateUserToken(Secret, "jane", null, At(s_now));

        Assert.True(TokenVerifier.Verify(token, Secret, At(s_now.AddSeconds(-10))).IsValid);
        Assert.Equal(TokenError.UsedBeforeIssued, TokenVerifier.Verify(token, Secret, At(s_now.AddSeconds(-11))).Error);
    }

    [Theory]
    [InlineData("""{"user_id":"u","nbf":1767323051}""", TokenError.NotYetValid)]
    [InlineData("""{"user_id":"u","exp":"soon"}""", TokenError.Malformed)]
    [InlineData("""{"user_id":"u","exp":1e300}""", TokenError.Malformed)]
    [InlineData("""{"user_id":7}""", TokenError.Malformed)]
    [InlineData("""{"user_id":"u","call_cids":"a:b"}""", TokenError.Malformed)]
    [InlineData("""{"user_id":"u","call_cids":[7]}""", TokenError.Malformed)]
    [InlineData("""{"user_id":""}""", TokenError.Malformed)]
    [InlineData("""[]""", TokenError.Malformed)]
    [InlineData("""nonsense""", TokenError.Malformed)]
    public void Signed_but_unusable_claims_have_their_own_error(string payload, TokenError error) =>
        Assert.Equal(
            error, TokenVerifier.Verify(Forge("""{"alg":"HS256"}""", payload), Secret, At(s_now)).Error);

    [Theory]
    [InlineData("""{"alg":"none"}""")]
    [InlineData("""{"alg":"None"}""")]
    [InlineData("""{"alg":"RS256"}""")]
    [InlineData("""{"alg":"hs256"}""")]
    [InlineData("""{"alg":["HS256"]}""")]
    [InlineData("""{}""")]
    public void Other_algorithms_are_refused_even_with_a_fitting_signature(string header) =>
        Assert.Equal(
            TokenError.UnsupportedAlgorithm,
            TokenVerifier.Verify(Forge(header, """{"server":true}"""), Secret, At(s_now)).Error);

    [Fact]
    public void Unsigned_token_is_refused()
    {
        var unsigned = Part("""{"alg":"none"}""") + "." + Part("""{"server":true}""") + ".";

        Assert.Equal(TokenError.UnsupportedAlgorithm, TokenVerifier.Verify(unsigned, Secret).Error);
    }

    [Fact]
    public void Every_changed_character_breaks_the_signature()
    {
        var token = StreamTokens.CreateUserToken(Secret, "jane", null, At(s_now));
        var payload = token.IndexOf('.', StringComparison.Ordinal) + 1;
        for (var i = payload; i < token.Length - 1; i++)
        {
            var changed = token[..i] + (token[i] is 'A' ? 'B' : 'A') + token[(i + 1)..];

            Assert.False(TokenVerifier.Verify(changed, Secret, At(s_now)).IsValid, $"position {i}");
        }
    }

    [Fact]
    public void Another_secret_is_refused() =>
        Assert.Equal(
            TokenError.BadSignature, TokenVerifier.Verify(StreamTokens.CreateServerToken("other"), Secret).Error);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("!.!.!")]
    [InlineData("..")]
    public void Other_text_is_malformed(string? token) =>
        Assert.Equal(TokenError.Malformed, TokenVerifier.Verify(token, Secret).Error);

    [Fact]
    public void Huge_text_is_refused_unread() =>
        Assert.Equal(
            TokenError.Malformed, TokenVerifier.Verify(new string('a', TokenVerifier.MaxLength + 1), Secret).Error);

    private static TokenClaims Claims(string token)
    {
        var result = TokenVerifier.Verify(token, Secret, At(s_now));
        Assert.True(result.IsValid, result.Error?.ToString());
        return result.Claims;
    }

    private static FixedTime At(DateTimeOffset now) => new(now);

    private static string Forge(string header, string payload)
    {
        var unsigned = Part(header) + "." + Part(payload);
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.UTF8.GetBytes(unsigned));
        return unsigned + "." + Base64Url.EncodeToString(signature);
    }

    private static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
