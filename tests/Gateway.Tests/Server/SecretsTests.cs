using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using GetStream.Auth;

namespace StreamGateway.Tests.Server;

/// <summary>Keys and secrets by variable, by file and by a directory of them, and what is said when they are missing.</summary>
public sealed partial class SecretsTests : IDisposable
{
    private const string Key = "a key that must not be printed";

    private readonly string _folder = Directory.CreateTempSubdirectory("secrets").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task With_a_key_in_a_variable_other_machines_are_served()
    {
        using var gateway = GatewayProcess.Start(("Server__Address", "*"), ("GATEWAY_KEY", Key));

        await AssertServesWithTheKeyAloneAsync(gateway);
    }

    [Fact]
    public async Task With_a_key_in_a_file_that_a_variable_names_other_machines_are_served()
    {
        using var gateway = GatewayProcess.Start(("Server__Address", "0.0.0.0"), ("GATEWAY_KEY_FILE", Write("some file", Key + "\n")));

        await AssertServesWithTheKeyAloneAsync(gateway);
    }

    [Fact]
    public async Task With_a_key_in_the_directory_of_secrets_other_machines_are_served()
    {
        Write("GATEWAY_KEY", Key);
        Write("tls.crt", "of somebody else");
        Directory.CreateDirectory(Path.Combine(_folder, "..data"));
        using var gateway = GatewayProcess.Start(("Server__Address", "*"), ("GATEWAY_SECRETS_DIR", _folder));

        await AssertServesWithTheKeyAloneAsync(gateway);
    }

    [Fact]
    public async Task Any_setting_may_be_a_file_in_the_directory_of_secrets()
    {
        Write("Auth__Keys__0__Name", "reader\n");
        Write("Auth__Keys__0__Key", Key + "\n");
        Write("Auth__Keys__0__Scopes__0", "sessions:read\n");
        using var gateway = GatewayProcess.Start(("Server__Address", "*"), ("GATEWAY_SECRETS_DIR", _folder));

        await AssertServesWithTheKeyAloneAsync(gateway);
    }

    [Fact]
    public async Task The_embedded_Streams_secret_may_be_a_file()
    {
        const string Secret = "a secret that must not be printed";
        using var gateway = GatewayProcess.Start(
            ("LOCAL_STREAM_API_KEY", "mine"), ("LOCAL_STREAM_API_SECRET_FILE", Write("secret", Secret)));
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };
        http.DefaultRequestHeaders.Add("Authorization", StreamTokens.CreateServerToken(Secret));
        http.DefaultRequestHeaders.Add("stream-auth-type", "jwt");

        using var answer = await http.GetAsync("/api/v2/app?api_key=mine").WithTimeout();
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.DoesNotContain("must not be printed", gateway.Output);
    }

    [Fact]
    public async Task The_secret_of_a_Stream_application_may_be_a_file()
    {
        using var gateway = GatewayProcess.Start(
            ("STREAM_API_KEY", "app"), ("STREAM_API_SECRET_FILE", Write("secret", "must not be printed")),
            ("STREAM_BASE_URL", "http://127.0.0.1:9"));

        await gateway.UrlAsync();
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.Contains("Stream           http://127.0.0.1:9/ with API key app", gateway.Output);
        Assert.DoesNotContain("must not be printed", gateway.Output);
    }

    [Theory]
    [InlineData("127.0.0.1", "/nonexistent", "GATEWAY_KEY_FILE names /nonexistent, which cannot be read: ")]
    [InlineData("*", "empty", "GATEWAY_KEY_FILE names .*, which is empty.")]
    [InlineData("*", "long", "GATEWAY_KEY_FILE names .*, which is longer than 65536 characters.")]
    [InlineData("*", "short", "Auth:Key must have at least 16 characters.")]
    [InlineData("*", null, "Server:Address may be another than loopback only when Auth:Keys has at least one key: set GATEWAY_KEY, ")]
    [InlineData("::", null, "Server:Address may be another than loopback only when Auth:Keys has at least one key: set GATEWAY_KEY, ")]
    public async Task One_sentence_says_what_is_missing(string address, string? file, string sentence)
    {
        Write("empty", "\n");
        Write("long", new string('k', 70_000));
        Write("short", "15 letters long");
        using var gateway = GatewayProcess.Start(
            ("Server__Address", address), ("GATEWAY_KEY_FILE", file is null ? "" : Path.Combine(_folder, file)));

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Matches($@"^The gateway cannot start\. {sentence}[^\n]*\n$", gateway.Output);
    }

    [Fact]
    public async Task A_name_that_is_given_twice_is_refused()
    {
        using var gateway = GatewayProcess.Start(("GATEWAY_KEY", Key), ("GATEWAY_KEY_FILE", Write("key", Key)));

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Equal("The gateway cannot start. GATEWAY_KEY and GATEWAY_KEY_FILE are both set: set one of them.\n", gateway.Output);
    }

    [Fact]
    public async Task A_directory_of_secrets_that_is_not_there_is_refused()
    {
        using var gateway = GatewayProcess.Start(("GATEWAY_SECRETS_DIR", "/nonexistent"));

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Equal("The gateway cannot start. GATEWAY_SECRETS_DIR names /nonexistent, which is no directory.\n", gateway.Output);
    }

    [Fact]
    public void Every_variable_of_the_embedded_Stream_means_the_same_to_the_gateway()
    {
        var documented = File.ReadAllText(Path.Combine(RepositoryFolder.Path, "docs/local-stream.md"));
        var variables = Variable().Matches(documented).Select(match => match.Groups[1].Value).ToHashSet();

        Assert.Contains("LOCAL_STREAM_PORT", variables);
        Assert.Empty(variables.Except(Settings.ShortVariables.Keys.Keys));
    }

    [Fact]
    public void Every_short_variable_is_documented()
    {
        var documented = File.ReadAllText(Path.Combine(RepositoryFolder.Path, "docs/settings.md"));

        Assert.All(Settings.ShortVariables.Keys, known =>
            Assert.Contains($"| `{known.Key}` | `{known.Value}` |", documented));
    }

    private static async Task AssertServesWithTheKeyAloneAsync(GatewayProcess gateway)
    {
        var port = (await gateway.UrlAsync()).Port;
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var health = await http.GetAsync("/health/ready").WithTimeout();
        using var stranger = await http.GetAsync("/v1/sessions").WithTimeout();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        using var known = await http.GetAsync("/v1/sessions").WithTimeout();
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        Assert.Equal(HttpStatusCode.OK, known.StatusCode);
        Assert.DoesNotContain(Key, gateway.Output);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    [GeneratedRegex(@"^\| `--[a-z-]+` \| `(LOCAL_STREAM_[A-Z_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Variable();
}
