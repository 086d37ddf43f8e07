using System.Net;
using System.Net.Http.Headers;
using System.Text;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

/// <summary>Names and strings that are no text are the sender's mistake, wherever they stand.</summary>
public sealed class MalformedTextTests : IAsyncLifetime
{
    private LocalStream _stream = null!;

    public async Task InitializeAsync() => _stream = await LocalStream.StartAsync();

    public async Task DisposeAsync() => await _stream.DisposeAsync();

    [Theory]
    [InlineData("""{"users":{"a":{"id":"a","name":"\ud800"}}}""")]
    [InlineData("""{"users":{"\ud800":{"id":"a"}}}""")]
    [InlineData("""{"users":{"a":{"id":"a","custom":{"b":["\udc00"]}}}}""")]
    [InlineData("""{"users":{"a":{"id":"a","custom":{"\ud800":1}}}}""")]
    [InlineData("""{"\ud800":1,"users":{}}""")]
    [InlineData("{\"users\":{\"a\":{\"id\":\"a\",\"name\":\"\u00ff\"}}}")]
    public async Task A_body_is_refused(string body)
    {
        using var refused = await SendAsync(HttpMethod.Post, "/api/v2/users", body);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("\"code\":4", await refused.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/api/v2/users?payload=%7B%22filter_conditions%22%3A%7B%22%5Cud800%22%3A1%7D%7D")]
    [InlineData("/api/v2/users?payload=%7B%22filter_conditions%22%3A%7B%22name%22%3A%22%5Cud800%22%7D%7D")]
    [InlineData("/api/v2/users?payload=%ff")]
    [InlineData("/api/v2/video/call/default/%ff")]
    public async Task A_query_and_a_path_are_refused(string path)
    {
        using var refused = await SendAsync(HttpMethod.Get, path, null);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Theory]
    [InlineData("""{"token":"x","user_details":{"id":"\ud800"}}""")]
    [InlineData("""{"\ud800":"x"}""")]
    [InlineData("""{"token":"x","user_details":{"id":"a","custom":{"\ud800":1}}}""")]
    public async Task A_sockets_first_frame_is_answered_with_an_error(string frame)
    {
        await using var socket = await EventSocket.OpenAsync(_stream);

        await socket.SendAsync(frame);

        var refusal = await socket.Next();
        Assert.Equal("connection.error", refusal.GetProperty("type").GetString());
        Assert.Equal(4, refusal.GetProperty("error").GetProperty("code").GetInt32());
    }

    /// <summary>Each letter of the body is sent as one byte.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body)
    {
        var separator = path.Contains('?') ? '&' : '?';
        var address = new Uri($"{_stream.Url}{path}{separator}api_key={_stream.ApiKey}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(method, address);
        request.Headers.Add("Authorization", GetStream.Auth.StreamTokens.CreateServerToken(_stream.ApiSecret));
        request.Headers.Add("stream-auth-type", "jwt");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.Latin1.GetBytes(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return await _stream.Http.SendAsync(request);
    }
}
