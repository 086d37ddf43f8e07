using System.Text.Json;

namespace GetStream.Tests.Spec;

/// <summary>
/// The API description as plain JSON, read without any of the generator's code: what the tests check against.
/// </summary>
internal sealed class Facts
{
    private readonly Dictionary<string, JsonElement> _types;

    private Facts(JsonElement root, Facts? server = null)
    {
        Operations = [.. root.GetProperty("operations").EnumerateArray()];
        Events = root.GetProperty("events").EnumerateObject().ToDictionary(e => e.Name, e => e.Value);
        _types = root.GetProperty("types").EnumerateObject().ToDictionary(t => t.Name, t => t.Value);
        foreach (var (name, type) in server?.Types ?? new Dictionary<string, JsonElement>())
        {
            _types[name] = type;
        }
    }

    public static Facts Server { get; } = Load("stream-api.json");

    /// <summary>What clients see; where both describe a type, the server's description stands.</summary>
    public static Facts Client { get; } = Load("stream-api-client.json", Server);

    public static string RepositoryRoot { get; } = FindRoot();

    public IReadOnlyList<JsonElement> Operations { get; }

    public IReadOnlyDictionary<string, JsonElement> Events { get; }

    public IReadOnlyDictionary<string, JsonElement> Types => _types;

    public JsonElement Type(string name) => _types[name];

    public JsonElement Operation(string product, string id) => Operations.Single(
        operation => operation.GetProperty("product").ValueEquals(product) && operation.GetProperty("id").ValueEquals(id));

    public IReadOnlyList<JsonElement> Fields(string type) =>
        _types[type].TryGetProperty("fields", out var fields) ? [.. fields.EnumerateArray()] : [];

    public static bool Flag(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True;

    public static IReadOnlyList<JsonElement> Items(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? [.. value.EnumerateArray()] : [];

    private static Facts Load(string name, Facts? server = null)
    {
        var file = Path.Combine(FindRoot(), "tools", "Stream.CodeGen", "spec", name);
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        return new Facts(document.RootElement.Clone(), server);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
        }

        return folder.FullName;
    }
}
