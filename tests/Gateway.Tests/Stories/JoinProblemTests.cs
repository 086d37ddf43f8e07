using System.Net;
using System.Net.Sockets;

namespace StreamGateway.Tests.Stories;

/// <summary>Joins that cannot succeed: each is a clear problem with a stable code, and leaves nothing behind.</summary>
public sealed class JoinProblemTests : IClassFixture<GatewayApplication>
{
    private readonly GatewayApplication _gateway;

    public JoinProblemTests(GatewayApplication gateway) => _gateway = gateway;

    [Fact]
    public async Task A_call_that_does_not_exist_is_not_found_when_it_must_not_be_created()
    {
        using var response = await _gateway.PostAsync(
            "/v1/sessions", """{"call_type":"default","call_id":"nowhere","user_id":"alice","create":false}""");

        var problem = await response.HasCodeAsync(HttpStatusCode.NotFound, "call_not_found");
        Assert.Equal("coordinator", problem.GetProperty("stage").GetString());
        Assert.Equal(404, problem.GetProperty("stream").GetProperty("status").GetInt32());
        Assert.Equal(16, problem.GetProperty("stream").GetProperty("code").GetInt32());
        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task A_coordinator_that_is_down_is_unreachable()
    {
        using var gateway = new GatewayApplication()
            .With("Stream:BaseUrl", $"http://127.0.0.1:{ClosedPort()}")
            .With("Stream:ApiKey", "key")
            .With("Stream:ApiSecret", "a-secret-that-signs-tokens");

        using var response = await gateway.PostAsync(
            "/v1/sessions", """{"call_type":"default","call_id":"demo","user_id":"alice"}""");

        var problem = await response.HasCodeAsync(HttpStatusCode.BadGateway, "coordinator_unreachable");
        Assert.Equal("coordinator", problem.GetProperty("stage").GetString());
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task A_coordinator_that_never_answers_is_given_up_in_time()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var gateway = new GatewayApplication()
            .With("Stream:BaseUrl", $"http://{silent.LocalEndpoint}")
            .With("Stream:ApiKey", "key")
            .With("Stream:ApiSecret", "a-secret-that-signs-tokens")
            .With("Sessions:JoinTimeout", "00:00:01");

        using var response = await gateway.PostAsync(
            "/v1/sessions", """{"call_type":"default","call_id":"demo","user_id":"alice"}""");

        await response.HasCodeAsync(HttpStatusCode.GatewayTimeout, "deadline_exceeded");
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task A_wrong_secret_makes_tokens_that_are_refused()
    {
        _ = _gateway.Http; // its embedded Stream is the one to be refused by
        using var gateway = new GatewayApplication()
            .With("Stream:BaseUrl", _gateway.Stream.Options.BaseUrl.ToString())
            .With("Stream:ApiKey", _gateway.Stream.Options.ApiKey)
            .With("Stream:ApiSecret", "not-the-secret-of-this-application");

        using var response = await gateway.PostAsync(
            "/v1/sessions", """{"call_type":"default","call_id":"demo","user_id":"alice"}""");

        var problem = await response.HasCodeAsync(HttpStatusCode.BadGateway, "token_invalid");
        Assert.Equal(401, problem.GetProperty("stream").GetProperty("status").GetInt32());
        Assert.DoesNotContain("not-the-secret", problem.ToString());
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task Ids_of_10001_characters_are_refused_by_name()
    {
        var id = new string('a', 10_001);
        using var response = await _gateway.PostAsync(
            "/v1/sessions",
            $$"""{"call_type":"{{id}}","call_id":"{{id}}","user":{"id":"{{id}}","name":"{{id}}","image":"{{id}}"},"metadata":{"{{id}}":"x"} }""");

        var problem = await response.HasCodeAsync(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(
            ["call_type", "call_id", "user.id", "user.name", "user.image", "metadata"],
            problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
        Assert.True(problem.ToString().Length < 4_000, "the ids are not sent back");
        await _gateway.AssertNativeIsEmptyAsync();
    }

    [Theory]
    [InlineData("GET", "/v1/sessions/{0}", HttpStatusCode.NotFound, "session_not_found")]
    [InlineData("DELETE", "/v1/sessions/{0}", HttpStatusCode.NotFound, "session_not_found")]
    [InlineData("GET", "/v1/sessions/{0}/events", HttpStatusCode.NotFound, "session_not_found")]
    [InlineData("GET", "/v1/sessions/{0}/tracks/x:audio/media", HttpStatusCode.NotFound, "session_not_found")]
    [InlineData("GET", "/v1/calls/default/{0}/events", HttpStatusCode.BadRequest, "invalid_request")]
    [InlineData("GET", "/v1/events?last_event_id={0}", HttpStatusCode.BadRequest, "invalid_request")]
    public async Task Addresses_with_10001_characters_are_answered_with_a_problem(
        string method, string path, HttpStatusCode status, string code)
    {
        var address = string.Format(System.Globalization.CultureInfo.InvariantCulture, path, new string('a', 10_001));
        using var request = new HttpRequestMessage(new HttpMethod(method), address);

        using var response = await _gateway.Http.SendAsync(request).WithTimeout();

        await response.HasCodeAsync(status, code);
    }

    [Fact]
    public async Task A_join_over_capacity_is_told_when_to_come_again()
    {
        using var gateway = new GatewayApplication().With("Sessions:MaxSessions", "1");
        var first = await gateway.JoinAsync("full", "alice");

        using var response = await gateway.PostAsync(
            "/v1/sessions", """{"call_type":"default","call_id":"full","user_id":"bob"}""");

        await response.HasCodeAsync(HttpStatusCode.ServiceUnavailable, "capacity_exceeded");
        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        await gateway.LeaveAsync(first);
        await gateway.LeaveAsync(await gateway.JoinAsync("full", "bob"));
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task A_client_that_gives_up_waiting_leaves_no_session_behind()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var gateway = new GatewayApplication()
            .With("Stream:BaseUrl", $"http://{silent.LocalEndpoint}")
            .With("Stream:ApiKey", "key")
            .With("Stream:ApiSecret", "a-secret-that-signs-tokens");
        using var giveUp = new CancellationTokenSource();
        var joining = gateway.Http.PostAsync(
            "/v1/sessions",
            new StringContent("""{"call_type":"default","call_id":"demo","user_id":"alice"}""", null, "application/json"),
            giveUp.Token);
        using var asked = await silent.AcceptTcpClientAsync().WithTimeout();

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => joining.WithTimeout());
        var sessions = await Eventually.GetAsync(
            () => gateway.GetAsync("/v1/sessions?state=left"), page => page.GetProperty("sessions").GetArrayLength() == 1);
        Assert.Equal("cancelled", sessions.GetProperty("sessions")[0].GetProperty("end_reason").GetString());
        await gateway.AssertNativeIsEmptyAsync();
    }

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
