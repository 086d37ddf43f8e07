using GetStream.Http;

namespace StreamGateway.Mirror;

/// <summary>Names the operations that a path nobody knows was probably meant to be.</summary>
internal static class MirrorSuggestions
{
    private const int Count = 3;
    private const int LongestSegment = 40;
    private const int MostSegments = 16;

    /// <summary>A parameter takes anything, so it says little about what was meant.</summary>
    private const double ParameterCost = 0.3;

    public static IReadOnlyList<string> For(string method, string path)
    {
        var segments = path.Split('/')
            .Skip(1)
            .Take(MostSegments)
            .Select(segment => segment.Length > LongestSegment ? segment[..LongestSegment] : segment)
            .ToArray();
        return [.. ApiOperations.All
            .Select(operation => (Operation: operation, Cost: Cost(operation, method, segments)))
            .OrderBy(pair => pair.Cost)
            .ThenBy(pair => pair.Operation.Path, StringComparer.Ordinal)
            .Take(Count)
            .Select(pair => $"{pair.Operation.Method} {pair.Operation.Path}")];
    }

    private static double Cost(ApiOperation operation, string method, string[] segments) =>
        Align(operation.Path.Split('/')[1..], segments) + (operation.Method.Method == method ? 0 : 0.5);

    /// <summary>The cheapest way to turn one row of segments into the other by leaving out, adding and changing.</summary>
    private static double Align(string[] template, string[] segments)
    {
        var costs = new double[template.Length + 1, segments.Length + 1];
        for (var i = 0; i <= template.Length; i++)
        {
            for (var j = 0; j <= segments.Length; j++)
            {
                costs[i, j] = (i, j) switch
                {
                    (0, _) => j,
                    (_, 0) => i,
                    _ => Math.Min(
                        Math.Min(costs[i - 1, j] + 1, costs[i, j - 1] + 1),
                        costs[i - 1, j - 1] + Difference(template[i - 1], segments[j - 1])),
                };
            }
        }

        return costs[template.Length, segments.Length];
    }

    private static double Difference(string part, string segment)
    {
        if (part.StartsWith('{'))
        {
            return ParameterCost;
        }

        return (double)EditDistance(part, segment) / Math.Max(part.Length, Math.Max(segment.Length, 1));
    }

    private static int EditDistance(string a, string b)
    {
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, change);
            }

            previous = current;
        }

        return previous[b.Length];
    }
}
