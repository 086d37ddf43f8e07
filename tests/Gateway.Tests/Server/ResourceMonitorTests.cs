using System.Net;
using Microsoft.Extensions.DependencyInjection;
using StreamGateway.Server;

namespace StreamGateway.Tests.Server;

public sealed class ResourceMonitorTests
{
    [Theory]
    [InlineData("memory")]
    [InlineData("open files")]
    public async Task A_gateway_short_of_something_takes_no_more_and_says_so(string what)
    {
        var isShort = false;
        using var gateway = new GatewayApplication().With(services => services.AddSingleton(provider =>
            new ResourceMonitor(provider.GetRequiredService<TimeProvider>())
            {
                DescriptorLimit = what == "memory" ? null : 20,
                Memory = () => new MemoryUse(Used: isShort ? 91 : 1, Available: 100),
            }));
        isShort = what == "memory";

        using var refused = await gateway.PostAsync("/v1/sessions", """{"call_type":"default","call_id":"short","user_id":"alice"}""");
        using var alive = await gateway.Http.GetAsync("/health/live").WithTimeout();

        var problem = await refused.HasCodeAsync(HttpStatusCode.ServiceUnavailable, "resources_exhausted");
        Assert.Contains(what, problem.GetProperty("detail").GetString());
        Assert.Equal("5", refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        await gateway.AssertNativeIsEmptyAsync();
    }

    [Fact]
    public async Task Who_runs_goes_on_while_memory_is_short()
    {
        var isShort = false;
        using var gateway = new GatewayApplication().With(services => services.AddSingleton(provider =>
            new ResourceMonitor(provider.GetRequiredService<TimeProvider>())
            {
                Memory = () => new MemoryUse(Used: isShort ? 91 : 1, Available: 100),
            }));
        var session = await gateway.JoinAsync("short", "alice");
        isShort = true;

        using var listener = await gateway.Http.GetAsync($"/v1/sessions/{session}/audio").WithTimeout();
        using var sent = await gateway.PostAsync($"/v1/sessions/{session}/custom_events", """{"custom":{"a":1}}""");
        isShort = false;
        var next = await gateway.JoinAsync("short", "bob");

        await listener.HasCodeAsync(HttpStatusCode.ServiceUnavailable, "resources_exhausted");
        Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
        await gateway.LeaveAsync(session);
        await gateway.LeaveAsync(next);
    }
}
