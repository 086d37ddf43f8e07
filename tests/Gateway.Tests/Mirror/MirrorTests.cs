using System.Buffers.Text;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using GetStream.Auth;
using GetStream.Tests.Http;
using Microsoft.AspNetCore.Http;

namespace StreamGateway.Tests.Mirror;

public sealed class MirrorTests
{
    private const string CallPath = "/api/v2/video/call/default/demo";

    [Fact]
    public async Task A_key_of_the_gateway_becomes_the_servers_token()
    {
        var seen = new TaskCompletionSource<IHeaderDictionary>();
        await using var host = await MirrorHost.StartAsync(context =>
        {
            seen.SetResult(new HeaderDictionary(context.Request.Headers.ToDictionary()));
            return Task.CompletedTask;
        });

        using var request = host.Request(HttpMethod.Get, CallPath);
        request.Headers.Add("Cookie", "secret=1");
        request.Headers.Add("Connection", "X-Only-Here");
        request.Headers.Add("X-Only-Here", "1");
        request.Headers.Add("X-Stream-Client", "my client");
        using var response = await host.Client.SendAsync(request);

        var headers = await seen.Task.WaitAsync(Timeouts.Default);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(TokenVerifier.Verify(headers.Authorization, CheckingServer.ApiSecret).Claims?.IsServer);
        Assert.Equal("jwt", headers["stream-auth-type"]);
        Assert.Equal("my client", headers["X-Stream-Client"]);
        Assert.False(headers.ContainsKey("Cookie"));
        Assert.False(headers.ContainsKey("X-Only-Here"));
        Assert.DoesNotContain(headers, header => header.Value.ToString().Contains(MirrorHost.RestKey, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_users_token_stays_the_users()
    {
        var seen = new TaskCompletionSource<string>();
        await using var host = await MirrorHost.StartAsync(context =>
        {
            seen.SetResult(context.Request.Headers.Authorization.ToString());
            return Task.CompletedTask;
        });
        var token = StreamTokens.CreateUserToken(CheckingServer.ApiSecret, "jane");

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath, token));

        Assert.Equal(token, await seen.Task.WaitAsync(Timeouts.Default));
    }

    public static TheoryData<string?, int, string> BadCallers => new()
    {
        { null, 401, "unauthenticated" },
        { "not a key of this gateway", 401, "unauthenticated" },
        { MirrorHost.ReadKey, 403, "insufficient_scope" },
        { StreamTokens.CreateServerToken("another secret"), 401, "unauthenticated" },
        { "eyJ.not.json", 401, "unauthenticated" },
        { Tampered(StreamTokens.CreateUserToken(CheckingServer.ApiSecret, "jane"), "joe"), 401, "unauthenticated" },
        { Unsigned("""{"alg":"none"}""", """{"server":true}"""), 401, "unauthenticated" },
        { StreamTokens.CreateUserToken(CheckingServer.ApiSecret, "jane", new UserTokenClaims { ExpiresIn = TimeSpan.FromTicks(1) }), 401, "unauthenticated" },
    };

    [Theory]
    [MemberData(nameof(BadCallers))]
    public async Task Bad_callers_reach_nothing(string? key, int status, string code)
    {
        var reached = false;
        await using var host = await MirrorHost.StartAsync(_ =>
        {
            reached = true;
            return Task.CompletedTask;
        });

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath, key));

        Assert.Equal((status, code), ((int)response.StatusCode, (await ProblemAsync(response)).GetProperty("code").GetString()));
        Assert.False(reached);
    }

    [Theory]
    [InlineData(null, 200)]
    [InlineData("none", 200)]
    [InlineData("same-origin", 200)]
    [InlineData("same-site", 403)]
    [InlineData("cross-site", 403)]
    public async Task Without_keys_pages_of_other_sites_reach_nothing(string? site, int status)
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask, hasKeys: false);
        using var request = host.Request(HttpMethod.Post, CallPath, key: null);
        if (site is not null)
        {
            request.Headers.Add("Sec-Fetch-Site", site);
        }

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/api/v2/video/cal/default/demo", "GET /api/v2/video/call/{type}/{id}")]
    [InlineData("POST", "/api/v2/user", "POST /api/v2/users")]
    [InlineData("POST", "/api/v2/chat/channels/messaging/a/mesage", "POST /api/v2/chat/channels/{type}/{id}/message")]
    public async Task Unknown_paths_are_told_what_is_near(string method, string path, string nearest)
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var response = await host.Client.SendAsync(host.Request(new HttpMethod(method), path));

        var problem = await ProblemAsync(response);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains(nearest, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_method_is_told_the_right_ones()
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Delete, CallPath));

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal("method_not_allowed", (await ProblemAsync(response)).GetProperty("code").GetString());
        Assert.Equal(["GET", "PATCH", "POST"], response.Content.Headers.Allow.Order());
    }

    [Theory]
    [InlineData("/api/v2/video/call/default/%2e%2E")]
    [InlineData("/api/v2/video/call/%2E/demo")]
    public async Task Dot_segments_are_refused(string path)
    {
        await using var host = await MirrorHost.StartAsync(_ => Task.CompletedTask);

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, path));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Status_headers_and_bytes_come_back_as_they_were()
    {
        var bytes = Gzip("""{"code":9,"message":"Too many requests"}""");
        await using var host = await MirrorHost.StartAsync(async context =>
        {
            context.Response.StatusCode = 429;
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentEncoding = "gzip";
            context.Response.Headers.RetryAfter = "7";
            context.Response.Headers["X-RateLimit-Remaining"] = "0";
            context.Response.Headers.Append("X-Twice", "a");
            context.Response.Headers.Append("X-Twice", "b");
            await context.Response.Body.WriteAsync(bytes);
        });

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));

        Assert.Equal(429, (int)response.StatusCode);
        Assert.Equal(bytes, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        Assert.Equal("7", response.Headers.RetryAfter?.ToString());
        Assert.Equal("0", response.Headers.GetValues("X-RateLimit-Remaining").Single());
        Assert.Equal(["a", "b"], response.Headers.GetValues("X-Twice").SelectMany(value => value.Split(", ")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3_900)]
    [InlineData(4_096)]
    [InlineData(65_536)]
    [InlineData(1_000_000)]
    public async Task Bodies_of_every_size_pass_both_ways(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        await using var host = await MirrorHost.StartAsync(async context =>
        {
            context.Response.ContentLength = context.Request.Query.ContainsKey("chunked") ? null : context.Request.ContentLength;
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });

        foreach (var query in (string[])["", "?chunked=1"])
        {
            using var request = host.Request(HttpMethod.Post, CallPath + query);
            request.Content = new ByteArrayContent(bytes);
            using var response = await host.Client.SendAsync(request);

            Assert.Equal(bytes, await response.Content.ReadAsByteArrayAsync());
        }
    }

    [Fact]
    public async Task The_first_bytes_of_a_request_arrive_while_the_client_still_sends()
    {
        var arrived = new TaskCompletionSource();
        var rest = "";
        await using var host = await MirrorHost.StartAsync(async context =>
        {
            await context.Request.Body.ReadExactlyAsync(new byte[1]);
            arrived.SetResult();
            rest = await new StreamReader(context.Request.Body).ReadToEndAsync();
        });
        using var request = host.Request(HttpMethod.Post, "/api/v2/uploads/file");
        request.Content = new GatedContent(arrived.Task);

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("2", rest);
    }

    [Fact]
    public async Task The_first_bytes_of_an_answer_arrive_while_Stream_still_sends()
    {
        var arrived = new TaskCompletionSource();
        await using var host = await MirrorHost.StartAsync(async context =>
        {
            await context.Response.Body.WriteAsync("1"u8.ToArray());
            await arrived.Task.WaitAsync(Timeouts.Default);
            await context.Response.Body.WriteAsync("2"u8.ToArray());
        });

        using var response = await host.Client.SendAsync(
            host.Request(HttpMethod.Get, CallPath), HttpCompletionOption.ResponseHeadersRead);
        await using var answer = await response.Content.ReadAsStreamAsync();
        await answer.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Timeouts.Default);
        arrived.SetResult();

        Assert.Equal("2", await new StreamReader(answer).ReadToEndAsync().WaitAsync(Timeouts.Default));
    }

    [Fact]
    public async Task A_large_upload_passes_without_being_held()
    {
        const long Size = 256L * 1024 * 1024;
        long received = 0;
        await using var host = await MirrorHost.StartAsync(async context =>
        {
            var buffer = new byte[64 * 1024];
            while (await context.Request.Body.ReadAsync(buffer) is > 0 and var count)
            {
                received += count;
            }
        });
        using var request = host.Request(HttpMethod.Post, "/api/v2/uploads/file");
        request.Content = new ZeroContent(Size);
        GC.Collect();
        var before = GC.GetTotalAllocatedBytes();

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(Size, received);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 * 1024 * 1024);
    }

    [Fact]
    public async Task An_unreachable_Stream_is_a_problem_of_its_own()
    {
        await using var host = await MirrorHost.StartAsync(new Uri($"http://127.0.0.1:{UnusedPort()}"));

        using var response = await host.Client.SendAsync(host.Request(HttpMethod.Get, CallPath));

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal("coordinator_unreachable", (await ProblemAsync(response)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_answer_that_breaks_off_breaks_off_for_the_client_as_well()
    {
        var answered = new TaskCompletionSource();
        await using var host = await MirrorHost.StartAsync(async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.Body.WriteAsync("{"u8.ToArray());
            await answered.Task.WaitAsync(Timeouts.Default);
            context.Abort();
        });

        using var response = await host.Client.SendAsync(
            host.Request(HttpMethod.Get, CallPath), HttpCompletionOption.ResponseHeadersRead);
        answered.SetResult();

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync().WaitAsync(Timeouts.Default));
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return json.RootElement.Clone();
    }

    private static string Unsigned(string header, string payload) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header)) + "." + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload)) + ".";

    /// <summary>The token with another user in it and the signature it had.</summary>
    private static string Tampered(string token, string userId)
    {
        var parts = token.Split('.');
        var payload = Encoding.UTF8.GetBytes($$"""{"user_id":"{{userId}}"}""");
        return $"{parts[0]}.{Base64Url.EncodeToString(payload)}.{parts[2]}";
    }

    private static byte[] Gzip(string text)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return output.ToArray();
    }

    private static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Sends one byte, waits, sends another.</summary>
    private sealed class GatedContent(Task gate) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("1"u8.ToArray());
            await stream.FlushAsync();
            await gate.WaitAsync(Timeouts.Default);
            await stream.WriteAsync("2"u8.ToArray());
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class ZeroContent(long size) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var buffer = new byte[64 * 1024];
            for (long sent = 0; sent < size; sent += buffer.Length)
            {
                await stream.WriteAsync(buffer);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = size;
            return true;
        }
    }
}
