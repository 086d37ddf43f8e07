using GetStream.Local.Tests.Support;
using GetStream.Models;

namespace GetStream.Local.Tests;

/// <summary>Events on their way to the application's webhooks.</summary>
public sealed class WebhookTests : IAsyncLifetime
{
    private const string Secret = "a secret for tests";

    private LocalStream _stream = null!;
    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync()
    {
        _receiver = await WebhookReceiver.StartAsync(Secret);
        _stream = await LocalStream.StartAsync(new LocalStreamOptions
        {
            ApiSecret = Secret, WebhookUrl = _receiver.Url, AllowedWebhookNetworks = ["127.0.0.0/8"],
        });
    }

    public async Task DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task Events_come_signed_and_in_order()
    {
        await _stream.As("alice").Post("/video/call/default/demo");
        await _stream.As("alice").Patch("/video/call/default/demo", """{"custom":{"topic":"tea"}}""");
        await _stream.As("alice").Post("/video/call/default/demo/event", """{"custom":{"a":1}}""");
        await _stream.As("alice").Post("/video/call/default/demo/mark_ended");

        var created = await _receiver.Next();
        var updated = await _receiver.Next();
        var custom = await _receiver.Next();
        var ended = await _receiver.Next();

        Assert.Equal(
            ["call.created", "call.updated", "custom", "call.ended"],
            [created.Type, updated.Type, custom.Type, ended.Type]);
        Assert.Equal("local", created.ApiKey);
        Assert.Equal("1", created.Attempt);
        Assert.NotEqual(created.Id, updated.Id);
        Assert.Equal("tea", (string?)((CallUpdatedEvent)updated.Event.Event).Call.Custom["topic"]);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    public async Task An_event_that_was_not_taken_comes_again(int status)
    {
        _receiver.Statuses.Enqueue(status);

        await _stream.As("alice").Post("/video/call/default/demo");

        var first = await _receiver.Next();
        var second = await _receiver.Next();
        Assert.Equal((first.Id, "1", "2"), (second.Id, first.Attempt, second.Attempt));
        Assert.Equal("call.created", second.Type);
    }

    [Fact]
    public async Task An_event_that_is_refused_does_not_come_again()
    {
        _receiver.Statuses.Enqueue(400);

        await _stream.As("alice").Post("/video/call/default/demo");
        await _stream.As("alice").Patch("/video/call/default/demo", "{}");

        Assert.Equal("call.created", (await _receiver.Next()).Type);
        Assert.Equal("call.updated", (await _receiver.Next()).Type);
    }

    [Fact]
    public async Task Hooks_get_the_types_they_ask_for()
    {
        await using var second = await WebhookReceiver.StartAsync(Secret);
        await _stream.Client.Common.UpdateAppAsync(new UpdateAppRequest
        {
            WebhookUrl = "",
            EventHooks =
            [
                new EventHook { HookType = "webhook", Enabled = true, WebhookUrl = _receiver.Url, EventTypes = ["user.updated"] },
                new EventHook { HookType = "webhook", Enabled = true, WebhookUrl = second.Url, EventTypes = [] },
                new EventHook { HookType = "webhook", Enabled = false, WebhookUrl = "http://127.0.0.1:1/" },
            ],
        });

        await _stream.As("alice").Post("/video/call/default/demo");
        await _stream.As("alice").Post("/video/call/default/demo/event", """{"custom":{}}""");
        await _stream.AsServer().Patch("/users", """{"users":[{"id":"alice","set":{"name":"Alice"}}]}""");

        Assert.Equal("user.updated", (await _receiver.Next()).Type);
        Assert.Equal("call.created", (await second.Next()).Type);
        // The application's own events were not asked for.
        Assert.Equal("user.updated", (await second.Next()).Type);
        var hooks = (await _stream.Client.Common.GetAppAsync()).Data.App.EventHooks;
        Assert.Equal([true, true, false], hooks.Select(hook => hook.Enabled));
        Assert.All(hooks, hook => Assert.True(hook is { Id.Length: > 0, CreatedAt: not null }));
    }

    [Fact]
    public async Task A_receiver_that_is_down_holds_up_no_other()
    {
        await _stream.Client.Common.UpdateAppAsync(new UpdateAppRequest
        {
            EventHooks = [new EventHook { WebhookUrl = "http://127.0.0.1:1/" }],
        });

        await _stream.As("alice").Post("/video/call/default/demo");

        Assert.Equal("call.created", (await _receiver.Next()).Type);
    }

    [Theory]
    [InlineData("""{"webhook_url":"ftp://example.com"}""", 400, 4, "webhook_url")]
    [InlineData("""{"webhook_url":"http://user:password@example.com"}""", 400, 4, "webhook_url")]
    [InlineData("""{"webhook_url":"http://"}""", 400, 4, "webhook_url")]
    [InlineData("""{"webhook_url":"http://10.0.0.1/x"}""", 400, 4, "webhook_url")]
    [InlineData("""{"event_hooks":[{"hook_type":"webhook"}]}""", 400, 4, "event_hooks.webhook_url")]
    [InlineData("""{"event_hooks":[{"webhook_url":"http://a","timeout_ms":1}]}""", 400, 4, "timeout_ms")]
    [InlineData("""{"event_hooks":[{"hook_type":"sqs","sqs_queue_url":"http://a"}]}""", 501, 19, "sqs")]
    [InlineData("""{"event_hooks":[{"webhook_url":"http://a","failover_config":{}}]}""", 501, 19, "failover_config")]
    public async Task A_hook_that_cannot_be_is_refused(string body, int status, int code, string part) =>
        (await _stream.AsServer().Patch("/app", body)).Refused(status, code, part);
}
