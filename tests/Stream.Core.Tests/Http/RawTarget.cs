using System.Globalization;
using System.Text;
using System.Text.Json;

namespace GetStream.Tests.Http;

/// <summary>A request target taken apart by RFC 3986 alone: nothing is forgiven, nothing is normalized.</summary>
internal sealed record RawTarget(IReadOnlyList<string> Segments, IReadOnlyDictionary<string, string> Query)
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="FormatException">Something in it is not allowed.</exception>
    public static RawTarget Parse(string target)
    {
        var parts = target.Split('?');
        if (parts.Length > 2 || !target.StartsWith('/'))
        {
            throw new FormatException($"Not one path and one query: {target}");
        }

        var query = new Dictionary<string, string>();
        foreach (var pair in parts.Length is 2 ? parts[1].Split('&') : [])
        {
            var sides = pair.Split('=');
            if (sides.Length is not 2)
            {
                throw new FormatException($"Not a name and a value: {pair}");
            }

            query.Add(Decode(sides[0]), Decode(sides[1]));
        }

        return new RawTarget([.. parts[0].Split('/').Skip(1).Select(Decode)], query);
    }

    /// <summary>The path parameters, in order, when the path has the form of the template; null otherwise.</summary>
    public IReadOnlyList<string>? Match(string template)
    {
        var wanted = template.Split('/').Skip(1).ToList();
        if (wanted.Count != Segments.Count)
        {
            return null;
        }

        var values = new List<string>();
        foreach (var (part, segment) in wanted.Zip(Segments))
        {
            if (part.StartsWith('{'))
            {
                values.Add(segment);
            }
            else if (part != segment)
            {
                return null;
            }
        }

        return values;
    }

    /// <summary>Everything in which this target differs from what a call of the operation must send.</summary>
    public IEnumerable<string> Differences(JsonElement operation, RecordedSamples expected)
    {
        var values = Match(operation.GetProperty("path").GetString()!);
        if (values is null)
        {
            yield return $"the path is {string.Join('/', Segments)}";
        }
        else if (!values.SequenceEqual(expected.PathValues))
        {
            yield return $"the path carries {string.Join(" | ", values)} instead of {string.Join(" | ", expected.PathValues)}";
        }

        foreach (var (name, value) in expected.QueryValues)
        {
            if (!Query.TryGetValue(name, out var actual) || actual != value)
            {
                yield return $"{name} is {actual ?? "missing"} instead of {value}";
            }
        }

        var known = Spec.Facts.Items(operation, "query_params").Select(p => p.GetProperty("name").GetString()!).Append("api_key");
        foreach (var name in Query.Keys.Except(known))
        {
            yield return $"{name} is no parameter";
        }
    }

    private static string Decode(string text)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is '%')
            {
                bytes.Add(byte.Parse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 2;
            }
            else if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~')
            {
                bytes.Add((byte)c);
            }
            else
            {
                throw new FormatException($"'{c}' must be escaped in {text}");
            }
        }

        return s_strict.GetString([.. bytes]);
    }
}
