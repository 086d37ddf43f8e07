using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>An object of the API that operations are about, found by the start of their paths.</summary>
internal sealed record Resource(string Class, string Noun, string Product, string Path, string Description);

/// <summary>Writes a resource: its identity and every operation whose path starts with it.</summary>
internal sealed class ResourceEmitter(ApiSpec spec, ClientEmitter clients)
{
    public static IReadOnlyList<Resource> Resources { get; } =
    [
        new("StreamCall", "Call", "video", "/api/v2/video/call/{type}/{id}", "One call, by type and id."),
        new("StreamChannel", "Channel", "chat", "/api/v2/chat/channels/{type}/{id}", "One channel, by type and id."),
        new("StreamMessage", "Message", "chat", "/api/v2/chat/messages/{id}", "One message, by id."),
        new(
            "StreamFeed",
            "Feed",
            "feeds",
            "/api/v2/feeds/feed_groups/{feed_group_id}/feeds/{feed_id}",
            "One feed, by group and id."),
        new("StreamActivity", "Activity", "feeds", "/api/v2/feeds/activities/{id}", "One activity, by id."),
        new(
            "StreamReviewQueueItem",
            "ReviewQueueItem",
            "moderation",
            "/api/v2/moderation/review_queue/{id}",
            "One item of the review queue, by id."),
        new("StreamModerationQueue", "Queue", "moderation", "/api/v2/moderation/queues/{id}", "One review queue, by id."),
    ];

    public static IEnumerable<SpecOperation> Of(Resource resource, IEnumerable<SpecOperation> operations) =>
        operations.Where(operation => operation.Product == resource.Product && StartsWith(operation.Path, resource.Path));

    public string Emit(Resource resource, IReadOnlyList<SpecOperation> operations)
    {
        var code = new CodeWriter(spec.Version, "GetStream", "GetStream.Http", "GetStream.Models");
        var own = Of(resource, operations).ToList();
        var identity = own[0].PathParameters
            .Take(resource.Path.Count(c => c is '{'))
            .Select(parameter => (Property: IdentityName(resource, parameter.Name), Name: Naming.Camel(IdentityName(resource, parameter.Name))))
            .ToList();
        var client = OperationNames.Client(resource.Product);
        code.Summary(resource.Description + " Making one costs no request.");
        code.Open($"public sealed partial class {resource.Class}");
        code.Line($"private readonly {client} _client;");
        code.Line();
        code.Open($"internal {resource.Class}({client} client, {string.Join(", ", identity.Select(i => "string " + i.Name))})");
        code.Line("_client = client;");
        foreach (var (property, name) in identity)
        {
            code.Line($"ArgumentException.ThrowIfNullOrEmpty({name});");
            code.Line($"{property} = {name};");
        }

        code.Close();
        foreach (var (property, name) in identity)
        {
            code.Line();
            code.Summary($"The {Naming.Words(property)} in the path.");
            code.Line($"public string {property} {{ get; }}");
        }

        var names = MethodNames(resource, own);
        foreach (var operation in own)
        {
            code.Line();
            Method(code, operation, names[operation], identity.Select(i => i.Property).ToList());
        }

        code.Close();
        code.Line();
        Factory(code, resource, client, identity);
        return code.ToString();
    }

    private void Method(CodeWriter code, SpecOperation operation, string name, List<string> identity)
    {
        var parameters = clients.Parameters(operation).Skip(identity.Count).ToList();
        ClientEmitter.Documentation(code, operation);
        code.Line($"public Task<StreamResponse<{Naming.Type(operation.Response!)}>> {name}(");
        code.Indent();
        code.Line(string.Join(", ", parameters.Select(parameter => parameter.Declaration)) + ") =>");
        code.Line($"_client.{OperationNames.Method(operation)}({string.Join(", ", identity.Concat(parameters.Select(p => p.Name)))});");
        code.Outdent();
    }

    private static void Factory(
        CodeWriter code, Resource resource, string client, List<(string Property, string Name)> identity)
    {
        code.Open($"public sealed partial class {client}");
        code.Summary($"{resource.Description} Makes no request.");
        code.Line($"public {resource.Class} {resource.Noun}({string.Join(", ", identity.Select(i => "string " + i.Name))}) =>");
        code.Indent();
        code.Line($"new(this, {string.Join(", ", identity.Select(i => i.Name))});");
        code.Outdent();
        code.Close();
    }

    /// <summary>Leaves the resource's own noun out, <c>UpdateCallMembers</c> becomes <c>UpdateMembersAsync</c>, where that stays unique.</summary>
    private static Dictionary<SpecOperation, string> MethodNames(Resource resource, List<SpecOperation> operations)
    {
        string Short(SpecOperation operation)
        {
            var name = Naming.Pascal(operation.Id);
            var at = name.IndexOf(resource.Noun, StringComparison.Ordinal);
            var cut = at > 0 && !char.IsAsciiLetterLower(name[Math.Min(at + resource.Noun.Length, name.Length - 1)])
                ? name.Remove(at, resource.Noun.Length)
                : at > 0 && at + resource.Noun.Length == name.Length ? name[..at] : name;
            return cut + "Async";
        }

        var names = operations.ToDictionary(operation => operation, Short);
        var taken = names.Values.CountBy(name => name).ToDictionary();
        return names.ToDictionary(
            pair => pair.Key,
            pair => taken[pair.Value] > 1 ? OperationNames.Method(pair.Key) : pair.Value);
    }

    private static string IdentityName(Resource resource, string parameter)
    {
        var name = Naming.Pascal(parameter);
        return resource.Class is "StreamFeed" ? name.Replace("FeedGroupId", "Group", StringComparison.Ordinal).Replace("FeedId", "Id", StringComparison.Ordinal)
            : name.EndsWith("Id", StringComparison.Ordinal) ? "Id"
            : name;
    }

    private static bool StartsWith(string path, string prefix)
    {
        var own = path.Split('/');
        var wanted = prefix.Split('/');
        return own.Length >= wanted.Length
            && wanted.Zip(own).All(pair => pair.First == pair.Second || (pair.First[0..Math.Min(1, pair.First.Length)] is "{" && pair.Second.StartsWith('{')));
    }
}
