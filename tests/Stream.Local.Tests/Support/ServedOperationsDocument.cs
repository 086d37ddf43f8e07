using System.Runtime.CompilerServices;
using System.Text;
using GetStream.Http;
using GetStream.Local.Http;

namespace GetStream.Local.Tests.Support;

/// <summary>Writes the tables of what the embedded Stream keeps, from the code, into the documentation.</summary>
internal static class ServedOperationsDocument
{
    private const string End = "<!-- end of operations -->";

    private static readonly (string Name, string[] Paths)[] s_families =
    [
        ("Users", ["users", "guest", "devices", "push_preferences", "usergroups", "export", "tasks"]),
        ("Application", ["app", "rate_limits", "roles", "permissions", "push_providers", "push_templates", "check_push", "check_sns", "check_sqs"]),
        ("Video", ["video"]),
        ("Chat", ["chat", "polls", "uploads", "og"]),
        ("Feeds", ["feeds"]),
        ("Moderation", ["moderation", "blocklists"]),
        ("Imports and storage", ["imports", "import_urls", "external_storage"]),
    ];

    private static IReadOnlyList<ApiOperation> All { get; } = [.. ApiOperations.All, .. ApiOperations.ClientSide];

    /// <summary>The file with its part between the marks written anew.</summary>
    public static string Renewed(string document, string begin, string part)
    {
        var start = document.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var end = document.IndexOf(End, start, StringComparison.Ordinal);
        return document[..start] + "\n\n" + part + "\n" + document[end..];
    }

    /// <summary>One row for each family.</summary>
    public static string Summary(IReadOnlyDictionary<ApiOperation, OperationAccess> served)
    {
        var text = new StringBuilder("| operations of | kept | answer 501 |\n| --- | --- | --- |\n");
        foreach (var (name, operations) in Families())
        {
            var kept = operations.Count(served.ContainsKey);
            text.Append($"| {name.ToLowerInvariant()} | {kept} | {operations.Count - kept} |\n");
        }

        return text.Append($"| all | {served.Count} | {All.Count - served.Count} |\n").ToString();
    }

    /// <summary>Every operation of the families that are kept, and why those that are not are not.</summary>
    public static string Whole(IReadOnlyDictionary<ApiOperation, OperationAccess> served)
    {
        var text = new StringBuilder($"{served.Count} operations of {All.Count}.\n");
        foreach (var (name, operations) in Families().Where(family => family.Operations.Any(served.ContainsKey)))
        {
            text.Append($"\n### {name}\n\n| operation | under `/api/v2` | under `/video` | who |\n| --- | --- | --- | --- |\n");
            foreach (var operation in operations.Where(served.ContainsKey))
            {
                var browser = OperationTable.BrowserPath(operation);
                text.Append($"| {operation.Id} | {operation.Method} `{operation.Path}` | `{browser}` | {Who(served[operation])} |\n");
            }

            var missing = operations.Where(operation => !served.ContainsKey(operation)).ToList();
            if (missing.Count == 0)
                continue;
            text.Append("\n| answers 501 | | because |\n| --- | --- | --- |\n");
            foreach (var operation in missing)
                text.Append($"| {operation.Id} | {operation.Method} `{operation.Path}` | {UnservedReasons.Of(operation)} |\n");
        }

        return text.ToString();
    }

    /// <summary>A file of the repository, by its path there.</summary>
    public static string PathOf(string file) =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", file));

    private static string ThisFile([CallerFilePath] string path = "") => path;

    private static IEnumerable<(string Name, IReadOnlyList<ApiOperation> Operations)> Families() =>
        s_families.Select(family => (family.Name, (IReadOnlyList<ApiOperation>)
        [
            .. All
                .Where(operation => Family(operation) == family.Name)
                .OrderBy(operation => operation.Path, StringComparer.Ordinal)
                .ThenBy(operation => operation.Id, StringComparer.Ordinal),
        ]));

    private static string Family(ApiOperation operation)
    {
        var first = operation.Path.Split('/')[3];
        return s_families.First(family => family.Paths.Contains(first)).Name;
    }

    private static string Who(OperationAccess access) => access switch
    {
        OperationAccess.Public => "anyone",
        OperationAccess.User => "users, servers",
        _ => "servers",
    };
}
