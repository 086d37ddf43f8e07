using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using GetStream.Http;
using GetStream.Json;
using GetStream.Tests.Spec;
using Xunit.Abstractions;

namespace GetStream.Tests.Http;

public sealed class ResourceTests(ITestOutputHelper output)
{
    public static TheoryData<string, string, Func<StreamClient, object>> Resources => new()
    {
        { "video", "/api/v2/video/call/a b/c", client => client.Video.Call("a b", "c") },
        { "chat", "/api/v2/chat/channels/a b/c", client => client.Chat.Channel("a b", "c") },
        { "chat", "/api/v2/chat/messages/a b", client => client.Chat.Message("a b") },
        { "feeds", "/api/v2/feeds/feed_groups/a b/feeds/c", client => client.Feeds.Feed("a b", "c") },
        { "feeds", "/api/v2/feeds/activities/a b", client => client.Feeds.Activity("a b") },
        { "moderation", "/api/v2/moderation/review_queue/a b", client => client.Moderation.ReviewQueueItem("a b") },
        { "moderation", "/api/v2/moderation/queues/a b", client => client.Moderation.Queue("a b") },
    };

    [Theory]
    [MemberData(nameof(Resources))]
    public async Task A_resource_carries_every_operation_below_its_path(
        string product, string path, Func<StreamClient, object> make)
    {
        using var handler = new Handler();
        using var http = new HttpClient(handler);
        using var client = new StreamClient(
            new StreamClientOptions { ApiKey = "key", ApiSecret = "secret", BaseUrl = new Uri("http://api.test") }, http);
        var resource = make(client);
        var segments = path.Split('/').Skip(1).ToList();
        var called = new List<string>();

        foreach (var method in resource.GetType().GetMethods().Where(method => typeof(Task).IsAssignableFrom(method.ReturnType)))
        {
            // The answer is empty: what was asked is what is looked at.
            _ = await Assert.ThrowsAsync<StreamApiException>(
                () => (Task)method.Invoke(resource, [.. method.GetParameters().Select(Argument)])!);

            Assert.Equal(segments, handler.Target.Segments.Take(segments.Count));
            called.Add(OperationAt(handler.Method, handler.Target));
        }

        var expected = Facts.Server.Operations
            .Where(operation => operation.GetProperty("product").ValueEquals(product))
            .Where(operation => StartsWith(Template(operation).Split('/'), path.Split('/')))
            .Select(operation => operation.GetProperty("id").GetString()!)
            .ToList();
        output.WriteLine($"{expected.Count}/{expected.Count} operations below {path}");
        Assert.Empty(expected.Except(called));
        Assert.Equal(called.Count, called.Distinct().Count());
    }

    private static object? Argument(ParameterInfo parameter)
    {
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        if (type == typeof(string))
        {
            return "x";
        }

        if (type == typeof(StreamFile))
        {
            return new StreamFile(Stream.Null, "x");
        }

        if (StreamJson.Options.TypeInfoResolver!.GetTypeInfo(type, StreamJson.Options) is { } info)
        {
            var sample = new SampleWriter(Facts.Client, new SampleOptions(RequiredOnly: true)).Write(type.Name);
            return JsonSerializer.Deserialize(sample, info);
        }

        return parameter.HasDefaultValue ? parameter.DefaultValue is DBNull ? null : parameter.DefaultValue
            : type.GetMethod("From") is { } from ? from.Invoke(null, ["x"])
            : Activator.CreateInstance(type);
    }

    private static string OperationAt(string method, RawTarget target) => Facts.Server.Operations
        .Concat(Facts.Client.Operations)
        .Where(operation => operation.GetProperty("method").ValueEquals(method))
        .Where(operation => target.Match(Template(operation)) is not null)
        .OrderBy(operation => Template(operation).Count(c => c is '{'))
        .First()
        .GetProperty("id").GetString()!;

    private static string Template(JsonElement operation) => operation.GetProperty("path").GetString()!;

    private static bool StartsWith(string[] template, string[] path) =>
        template.Length >= path.Length
        && path.Zip(template).All(pair => pair.First == pair.Second
            || (pair.Second.StartsWith('{') && pair.First is "a b" or "c"));

    private sealed class Handler : HttpMessageHandler
    {
        public string Method { get; private set; } = "";

        public RawTarget Target { get; private set; } = RawTarget.Parse("/");

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Method = request.Method.Method;
            Target = RawTarget.Parse(request.RequestUri!.PathAndQuery);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent("nonsense", Encoding.UTF8, "application/json"),
            });
        }
    }
}
