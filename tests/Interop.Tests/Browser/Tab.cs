using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace StreamGateway.Tests.Browser;

/// <summary>One page in Chromium.</summary>
internal sealed class Tab : IAsyncDisposable
{
    private const int LogLines = 60;

    private readonly DevTools _devTools;
    private readonly string _targetId;
    private readonly string _contextId;
    private readonly string _sessionId;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConcurrentQueue<string> _complaints = new();
    private TaskCompletionSource _loaded = new();

    private Tab(DevTools devTools, string targetId, string contextId, string sessionId)
    {
        _devTools = devTools;
        _targetId = targetId;
        _contextId = contextId;
        _sessionId = sessionId;
    }

    /// <value>The warnings and errors that the page wrote to its console, and what it threw without catching.</value>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public static async Task<Tab> AttachAsync(DevTools devTools, string targetId, string contextId)
    {
        var attached = await devTools.SendAsync("Target.attachToTarget", new() { ["targetId"] = targetId, ["flatten"] = true });
        var tab = new Tab(devTools, targetId, contextId, attached.GetProperty("sessionId").GetString()!);
        devTools.Listen(tab._sessionId, tab.Hear);
        await tab.SendAsync("Page.enable");
        await tab.SendAsync("Runtime.enable");
        return tab;
    }

    public Task NavigateAsync(Uri address) => LoadAsync("Page.navigate", new() { ["url"] = address.ToString() });

    public Task ReloadAsync() => LoadAsync("Page.reload", new());

    /// <summary>The value of an expression, once its promise is fulfilled.</summary>
    /// <exception cref="BrowserException">It threw; the message has the page's last words.</exception>
    public async Task<JsonElement> EvaluateAsync(string expression)
    {
        JsonElement answer;
        try
        {
            answer = await SendAsync("Runtime.evaluate", new()
            {
                ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true, ["userGesture"] = true,
            });
        }
        catch (TimeoutException)
        {
            throw Failed(expression, "no answer in time");
        }

        if (answer.TryGetProperty("exceptionDetails", out var thrown))
        {
            throw Failed(expression, Describe(thrown));
        }

        return answer.GetProperty("result").TryGetProperty("value", out var value) ? value : default;
    }

    /// <summary>Waits until a condition over the call's state holds.</summary>
    public Task<JsonElement> UntilAsync(string condition, TimeSpan? timeout = null) =>
        EvaluateAsync($"until(() => {condition}, {(timeout ?? Timeouts.Default).TotalMilliseconds:0})");

    /// <summary>The next frames of a stream, as the browser decodes them; with a width, from the first of that width on.</summary>
    public async Task<Frames> CaptureAsync(string stream, int count, int? width = null)
    {
        var captured = await EvaluateAsync($"captureFrames({stream}, {count}, {width?.ToString() ?? "undefined"})");
        return Frames.FromRaw(
            captured.GetProperty("width").GetInt32(), captured.GetProperty("height").GetInt32(),
            captured.GetProperty("pictures").GetBytesFromBase64());
    }

    /// <summary>What a stream plays for so long, as the browser decodes it.</summary>
    public async Task<Sound> RecordAsync(string stream, TimeSpan duration)
    {
        var samples = await EvaluateAsync($"recordAudio({stream}, {duration.TotalMilliseconds:0})");
        return await Sound.DecodeAsync(samples.GetBytesFromBase64(), "-f", "f32le", "-ar", "48000", "-ac", "1");
    }

    /// <summary>Keeps a picture of the page, to be looked at after the tests.</summary>
    public async Task ScreenshotAsync(string name)
    {
        var picture = await SendAsync("Page.captureScreenshot", new() { ["format"] = "png" });
        await File.WriteAllBytesAsync(Repository.Artifact($"{name}.png"), picture.GetProperty("data").GetBytesFromBase64());
    }

    /// <summary>Closes it as a user would.</summary>
    public Task CloseAsync() => _devTools.SendAsync("Target.closeTarget", new() { ["targetId"] = _targetId });

    public async ValueTask DisposeAsync() =>
        await _devTools.SendAsync("Target.disposeBrowserContext", new() { ["browserContextId"] = _contextId });

    private async Task LoadAsync(string method, JsonObject parameters)
    {
        _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await SendAsync(method, parameters);
        await _loaded.Task.WithTimeout();
    }

    private BrowserException Failed(string expression, string what) =>
        new($"{expression}\n{what}\n{string.Join('\n', _log)}");

    private Task<JsonElement> SendAsync(string method, JsonObject? parameters = null) =>
        _devTools.SendAsync(method, parameters, _sessionId);

    private void Hear(string method, JsonElement parameters)
    {
        switch (method)
        {
            case "Page.loadEventFired":
                _loaded.TrySetResult();
                break;
            case "Runtime.exceptionThrown":
                Note("uncaught", Describe(parameters.GetProperty("exceptionDetails")));
                break;
            case "Runtime.consoleAPICalled":
                var words = parameters.GetProperty("args").EnumerateArray().Select(Say);
                Note(parameters.GetProperty("type").GetString()!, string.Join(' ', words));
                break;
        }
    }

    private void Note(string kind, string text)
    {
        _log.Enqueue($"{kind} {text}");
        if (kind is "uncaught" or "error" or "warning")
        {
            _complaints.Enqueue($"{kind} {text}");
        }

        while (_log.Count > LogLines)
        {
            _log.TryDequeue(out _);
        }
    }

    private static string Say(JsonElement value) =>
        value.TryGetProperty("value", out var plain) ? plain.ToString()
        : value.TryGetProperty("description", out var text) ? text.ToString()
        : value.ToString();

    private static string Describe(JsonElement thrown) =>
        thrown.TryGetProperty("exception", out var exception) ? Say(exception) : thrown.GetProperty("text").ToString();
}
