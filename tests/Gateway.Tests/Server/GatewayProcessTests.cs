using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using GetStream.Auth;
using StreamGateway.Tests.Mirror;

namespace StreamGateway.Tests.Server;

public sealed class GatewayProcessTests
{
    [Fact]
    public async Task Without_a_directory_for_temporary_files_bots_speak_and_listen_all_the_same()
    {
        using var gateway = GatewayProcess.Start(("TMPDIR", "/nonexistent/tmp"), ("HOME", "/nonexistent/home"));
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };
        var alice = await JoinAsync(http, "alice");
        var bob = await JoinAsync(http, "bob");
        var speech = new ByteArrayContent(await Speech.OggAsync()) { Headers = { ContentType = new("audio/ogg") } };

        var hearing = http.GetByteArrayAsync($"/v1/sessions/{bob}/tracks/alice:audio/media?wait_ms=20000");
        using var published = await http.PutAsync($"/v1/sessions/{alice}/publications/voice", speech).WithTimeout();
        using var left = await http.DeleteAsync($"/v1/sessions/{alice}").WithTimeout();

        Assert.True(published.IsSuccessStatusCode, await published.Content.ReadAsStringAsync());
        Assert.True((await hearing.WithTimeout()).Length > 10_000);
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }

    [Fact]
    public async Task SIGTERM_tells_readers_leaves_calls_and_exits_with_0()
    {
        using var gateway = GatewayProcess.Start();
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };
        var session = await JoinAsync(http, "alice");
        await using var one = await SseReader.OpenAsync(http, $"/v1/sessions/{session}/events");
        await using var all = await SseReader.OpenAsync(http, "/v1/events");
        await one.ReadUntilAsync("snapshot");
        await all.ReadUntilAsync("snapshot");

        await gateway.TerminateAsync();

        Assert.Equal("shutdown", (await one.ReadUntilAsync("end")).Json.GetProperty("reason").GetString());
        Assert.Equal("shutdown", (await all.ReadUntilAsync("end")).Json.GetProperty("reason").GetString());
        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.DoesNotContain("ERR", gateway.Output);
        Assert.DoesNotContain("WRN", gateway.Output);
    }

    [Fact]
    public async Task A_request_that_is_half_sent_does_not_hold_the_stop_up()
    {
        using var gateway = GatewayProcess.Start();
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };
        await JoinAsync(http, "alice");
        using var half = await RawClient.ConnectAsync(http.BaseAddress);
        await half.WriteAsync("PUT /api/v2/app HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{");
        using var head = await RawClient.ConnectAsync(http.BaseAddress);
        await head.WriteAsync("GET /health/live HTTP/1.1\r\nHost:");

        var started = Stopwatch.GetTimestamp();
        await gateway.TerminateAsync();

        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task The_start_says_where_everything_is_and_keeps_secrets()
    {
        using var gateway = GatewayProcess.Start(("LocalStream__ApiSecret", "do-not-print-this-secret"));
        var url = (await gateway.UrlAsync()).ToString().TrimEnd('/');
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.Contains($"{url}/openapi/v1.json", gateway.Output);
        Assert.Contains("Embedded Stream", gateway.Output);
        Assert.Matches(@"Embedded SFU     http://127\.0\.0\.1:\d+", gateway.Output);
        Assert.Contains("API key local", gateway.Output);
        Assert.DoesNotContain("do-not-print", gateway.Output);
    }

    [Fact]
    public async Task Requests_are_told_where_wanted_without_their_queries()
    {
        using var gateway = GatewayProcess.Start(("Server__LogRequests", "true"));
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };

        using var found = await http.GetAsync("/v1/sessions/none?ticket=do-not-print-this").WithTimeout();
        using var mirrored = await http.GetAsync("/api/v2/video/edges?api_key=do-not-print-this").WithTimeout();
        using var unknown = await http.GetAsync("/nowhere%0Aforged").WithTimeout();
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.Matches(@"GET /v1/sessions/none \(/v1/sessions/\{id\}\) answered 404 in \d+\.\d ms", gateway.Output);
        Assert.Matches(@"GET /api/v2/video/edges \(/api/v2/\{\*\*path\}\) answered 200 in \d+\.\d ms", gateway.Output);
        Assert.Matches(@"GET /nowhere%0Aforged \(no route\) answered 404 in \d+\.\d ms", gateway.Output);
        Assert.DoesNotContain("do-not-print", gateway.Output);
    }

    [Fact]
    public async Task Nobody_can_forge_a_line_of_the_log()
    {
        const string Forged = "alice\n00:00:00.000 INF forged\u001b[31m\u2028forged";
        using var gateway = GatewayProcess.Start(
            ("Serilog__MinimumLevel__Default", "Debug"), ("Serilog__MinimumLevel__Override__Microsoft.AspNetCore", "Debug"),
            ("Server__LogRequests", "true"), ("LocalStream__ApiSecret", LocalStreamProcess.ApiSecret));
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };

        using var unknown = await http.GetAsync($"/nowhere/{Uri.EscapeDataString(Forged)}").WithTimeout();
        using var session = await http.GetAsync($"/v1/sessions/{Uri.EscapeDataString(Forged)}/events").WithTimeout();
        var embedded = System.Text.RegularExpressions.Regex.Match(gateway.Output, @"Embedded Stream  http://(\S+)").Groups[1].Value.TrimEnd('/');
        await ConnectAsync($"ws://{embedded}/api/v2/connect?api_key=local", Forged);
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());

        Assert.Contains("A WebSocket was refused", gateway.Output);
        Assert.Contains(@"alice\n00:00:00.000 INF forged\u001B[31m\u2028forged", gateway.Output);
        Assert.DoesNotContain("\n00:00:00.000 INF forged", gateway.Output);
        Assert.DoesNotContain(gateway.Output, letter => char.IsControl(letter) && letter is not '\n' and not '\r');
    }

    [Theory]
    [InlineData("Server__Port", "99999", "Server:Port must be between 0 and 65535")]
    [InlineData("Server__Adress", "127.0.0.1", "Server:Adress is not a setting; those of Server are Address, Port, AllowedOrigins, MaxConnections, ")]
    [InlineData("Server__Address", "0.0.0.0", "Server:Address may be another than loopback only when Auth:Keys has at least one key")]
    [InlineData("Sessions__JoinTimeout", "00:10:00", "Sessions:JoinTimeout must be a duration between")]
    [InlineData("STREAM_API_KEY", "alone", "Stream:ApiKey and Stream:ApiSecret belong together")]
    [InlineData("STREAM_BASE_URL", "http://user:do-not-print-this@127.0.0.1", "Stream:BaseUrl must have no user and password")]
    [InlineData("Stream__VideoBaseUrl", "http://user:do-not-print-this@127.0.0.1", "Stream:VideoBaseUrl must have no user and password")]
    [InlineData("STREAM_BASE_URL", "http://127.0.0.1/?a=do-not-print-this", "Stream:BaseUrl must be an absolute http or https address")]
    [InlineData("STREAM_BASE_URL", "127.0.0.1", "Stream:BaseUrl must be an absolute http or https address")]
    [InlineData("LocalStream__AllowedWebhookNetworks__0", "10.0.0.0/99", "AllowedWebhookNetworks has \"10.0.0.0/99\"")]
    [InlineData("Auth__Keys__0__Name", "x", "Auth:Keys:0 needs either Key or Sha256")]
    [InlineData("PORT", "abc", "Server:Port must be a whole number, not \"abc\".")]
    [InlineData("Auth__Keys__0__Nme", "x", "Auth:Keys:0:Nme is not a setting; those of Auth:Keys:0 are Name, Key, Sha256, Scopes.")]
    [InlineData("Auth__Keys", "abc", "Auth:Keys must be a list")]
    [InlineData("Auth__TicketSecret", "short", "Auth:TicketSecret must have at least 32 characters")]
    [InlineData("Server__AllowedOrigins__0", "https://app.example.com/", "Server:AllowedOrigins may hold origins such as https://app.example.com")]
    [InlineData("Server__AllowedOrigins__0", "*", "Server:AllowedOrigins may hold origins such as https://app.example.com")]
    [InlineData("Sessions__JoinTimeout", "15s", "Sessions:JoinTimeout must be a duration (hh:mm:ss), not \"15s\".")]
    [InlineData("Recording__Directory", "/tmp", "Recording:Directory is not a setting: there is no section Recording; did you mean Recordings?")]
    [InlineData("Recordings__Directory", "/proc/nope", "Recordings:Directory cannot be used")]
    [InlineData("Serilog__MinimumLevel__Default", "Loud", "Serilog:MinimumLevel:Default must be one of")]
    [InlineData("Serilog__MinimumLevel__Override__Microsoft", "Loud", "Serilog:MinimumLevel:Override:Microsoft must be one of")]
    [InlineData("LocalStream__ApiSecret", "secret", "LocalStream:ApiSecret must have at least 8 characters")]
    [InlineData("LOCAL_STREAM_API_SECRET", "secret", "LocalStream:ApiSecret must have at least 8 characters")]
    [InlineData("LocalStream__DataFile", "/nonexistent/state.json", "LocalStream:DataFile cannot be used")]
    [InlineData("LocalStream__WebhookUrl", "ftp://x", "LocalStream:WebhookUrl must be")]
    [InlineData("LocalStream__SfuMediaRelay", "foo", "LocalStream:SfuMediaRelay")]
    [InlineData("Server__Address", "any", "Server:Address must be an IP address")]
    [InlineData("LocalStream__Address", "any", "Host must be an IP address")]
    [InlineData("LOCAL_STREAM_DATA", "/proc/stream.json", "The embedded Stream does not start: ")]
    public async Task A_wrong_setting_ends_the_start_with_a_sentence_that_names_it(string name, string value, string sentence)
    {
        using var gateway = GatewayProcess.Start((name, value));

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Contains(sentence, gateway.Output);
        Assert.DoesNotContain("   at ", gateway.Output);
        Assert.DoesNotContain("do-not-print", gateway.Output);
    }

    private static async Task ConnectAsync(string url, string user)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(url), CancellationToken.None).WithTimeout();
        var hello = JsonSerializer.SerializeToUtf8Bytes(new
        {
            token = StreamTokens.CreateUserToken(LocalStreamProcess.ApiSecret, user), user_details = new { id = user },
        });
        await socket.SendAsync(hello, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).WithTimeout();
        var buffer = new byte[4096];
        while ((await socket.ReceiveAsync(buffer, CancellationToken.None).WithTimeout()).MessageType is not WebSocketMessageType.Close)
        {
        }
    }

    [Fact]
    public async Task One_key_in_two_entries_ends_the_start()
    {
        const string key = "one-key-for-two-names";
        using var gateway = GatewayProcess.Start(
            ("Auth__Keys__0__Name", "a"), ("Auth__Keys__0__Key", key), ("Auth__Keys__0__Scopes__0", "rest"),
            ("Auth__Keys__1__Name", "b"), ("Auth__Keys__1__Scopes__0", "admin"),
            ("Auth__Keys__1__Sha256", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)))));

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Contains("Auth:Keys:1 is the same key as Auth:Keys:0.", gateway.Output);
        Assert.DoesNotContain(key, gateway.Output);
    }

    [Fact]
    public async Task The_secret_of_the_embedded_Stream_is_taken_from_the_variable_of_its_own_program()
    {
        const string secret = "a-secret-of-everybody";
        using var gateway = GatewayProcess.Start(("LOCAL_STREAM_API_SECRET", secret));
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };
        http.DefaultRequestHeaders.Add("Authorization", StreamTokens.CreateServerToken(secret));

        using var answer = await http.GetAsync("/api/v2/app").WithTimeout();

        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.DoesNotContain(secret, gateway.Output);
    }

    [Fact]
    public async Task An_address_that_this_machine_does_not_have_ends_the_start_with_a_sentence()
    {
        using var gateway = GatewayProcess.Start(("Server__Address", "192.0.2.1"), ("GATEWAY_KEY", "a key of sixteen"));

        Assert.Equal(1, await gateway.WaitForExitAsync());
        Assert.Contains("The gateway cannot start. Nothing can listen at Server:Address and Server:Port: ", gateway.Output);
        Assert.DoesNotContain("   at ", gateway.Output);
    }

    [Fact]
    public async Task The_embedded_Stream_is_reached_at_other_addresses_when_asked_for()
    {
        using var gateway = GatewayProcess.Start(("LOCAL_STREAM_HOST", "0.0.0.0"), ("LOCAL_STREAM_PUBLIC_ADDRESS", "127.0.0.2"));
        using var http = new HttpClient { BaseAddress = await gateway.UrlAsync() };
        var alice = await JoinAsync(http, "alice");
        var bob = await JoinAsync(http, "bob");
        var speech = new ByteArrayContent(await Speech.OggAsync()) { Headers = { ContentType = new("audio/ogg") } };

        var hearing = http.GetByteArrayAsync($"/v1/sessions/{bob}/tracks/alice:audio/media?wait_ms=20000");
        using var published = await http.PutAsync($"/v1/sessions/{alice}/publications/voice", speech).WithTimeout();
        using var left = await http.DeleteAsync($"/v1/sessions/{alice}").WithTimeout();

        Assert.True((await hearing.WithTimeout()).Length > 10_000);
        await gateway.TerminateAsync();
        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.Matches(@"Embedded SFU     http://127\.0\.0\.2:\d+", gateway.Output);
    }

    private static async Task<string> JoinAsync(HttpClient http, string user)
    {
        using var body = new StringContent(
            $$"""{"call_type":"default","call_id":"process","user_id":"{{user}}"}""", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync("/v1/sessions", body).WithTimeout();
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }
}
