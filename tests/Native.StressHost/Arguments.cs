using System.Globalization;

namespace StreamGateway.Native.StressHost;

/// <summary>Command lines of the form <c>--name=value</c>.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values;

    private Arguments(Dictionary<string, string> values) => _values = values;

    public static Arguments Parse(string[] arguments, params string[] known)
    {
        var values = arguments.Select(a => a.Split('=', 2)).ToDictionary(
            a => a[0], a => a.Length > 1 ? a[1] : throw new ArgumentException($"{a[0]} needs a value, as {a[0]}=…"));
        var unknown = values.Keys.Except(known).ToList();
        return unknown.Count == 0 ? new Arguments(values) : throw new ArgumentException($"unknown option {unknown[0]}");
    }

    public string Required(string name) => Text(name) ?? throw new ArgumentException($"{name}= is missing");

    public string? Text(string name) => _values.GetValueOrDefault(name);

    public long Number(string name, long otherwise) =>
        Text(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
