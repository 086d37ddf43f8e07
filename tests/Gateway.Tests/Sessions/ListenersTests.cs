using System.Net;

namespace StreamGateway.Tests.Sessions;

public sealed class ListenersTests
{
    [Theory]
    [InlineData("Listeners:MaxPerSession", "of the session")]
    [InlineData("Listeners:MaxListeners", "of the gateway")]
    public async Task A_listener_too_many_is_told_to_wait_until_another_goes(string setting, string whose)
    {
        using var gateway = new GatewayApplication().With(setting, "2");
        var session = await gateway.JoinAsync("listeners", "alice");
        var path = $"/v1/sessions/{session}/audio";
        using var first = await gateway.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        using var second = await gateway.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).WithTimeout();

        using var third = await gateway.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).WithTimeout();
        first.Dispose();
        using var next = await Eventually.GetAsync(
            () => gateway.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead), answer => answer.IsSuccessStatusCode);

        var problem = await third.HasCodeAsync(HttpStatusCode.ServiceUnavailable, "capacity_exceeded");
        Assert.Contains(whose, problem.GetProperty("detail").GetString());
        Assert.Equal("5", third.Headers.GetValues("Retry-After").Single());
        await gateway.LeaveAsync(session);
    }
}
