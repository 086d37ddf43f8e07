using System.Runtime.CompilerServices;
using System.Text;
using GetStream.Http;
using GetStream.Local.Http;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests;

/// <summary>The list of served operations in the documentation is the one in the code.</summary>
public sealed class ServedOperationsTests
{
    private const string Begin = "<!-- operations: written by ServedOperationsTests with UPDATE_DOCS=1 -->";
    private const string End = "<!-- end of operations -->";

    [Fact]
    public async Task Documentation_lists_what_is_served()
    {
        await using var stream = await LocalStream.StartAsync();
        var path = DocumentPath();
        var document = await File.ReadAllTextAsync(path);
        var start = document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = document.IndexOf(End, StringComparison.Ordinal);
        var current = document[..start] + "\n" + Table(stream.Served) + document[end..];

        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
            await File.WriteAllTextAsync(path, current);

        Assert.Equal(current, await File.ReadAllTextAsync(path));
    }

    private static string Table(IReadOnlyDictionary<ApiOperation, OperationAccess> served)
    {
        var text = new StringBuilder();
        text.Append($"\n{served.Count} operations of {ApiOperations.All.Count + ApiOperations.ClientSide.Count}.\n\n");
        text.Append("| operation | under `/api/v2` | under `/video` | who |\n| --- | --- | --- | --- |\n");
        foreach (var (operation, access) in served.OrderBy(entry => entry.Key.Path, StringComparer.Ordinal).ThenBy(entry => entry.Key.Id, StringComparer.Ordinal))
        {
            text.Append(
                $"| {operation.Id} | {operation.Method} `{operation.Path}` | `{OperationTable.BrowserPath(operation)}` | {Who(access)} |\n");
        }

        return text.Append('\n').ToString();
    }

    private static string Who(OperationAccess access) => access switch
    {
        OperationAccess.Public => "anyone",
        OperationAccess.User => "users, servers",
        _ => "servers",
    };

    private static string DocumentPath([CallerFilePath] string thisFile = "") =>
        Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", "docs", "local-stream.md");
}
