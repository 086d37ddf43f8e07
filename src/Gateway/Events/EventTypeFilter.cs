using System.IO.Enumeration;

namespace StreamGateway.Events;

/// <summary>The query <c>types=a,b.*</c>: names of events, where <c>*</c> stands for any characters.</summary>
internal sealed class EventTypeFilter
{
    /// <summary>Fifty a second of each participant: only readers that name it get it.</summary>
    public const string OptIn = "rtc_packet";

    public const int MaximumPatterns = 50;
    public const int MaximumPatternLength = 100;

    public static readonly EventTypeFilter Everything = new([]);

    private readonly string[] _patterns;

    private EventTypeFilter(string[] patterns) => _patterns = patterns;

    /// <summary>Null when there are too many patterns, or one is empty or too long.</summary>
    public static EventTypeFilter? Parse(string? types)
    {
        if (string.IsNullOrEmpty(types))
        {
            return Everything;
        }

        var patterns = types.Split(',', MaximumPatterns + 1, StringSplitOptions.TrimEntries);
        return patterns.Length <= MaximumPatterns && patterns.All(pattern => pattern.Length is > 0 and <= MaximumPatternLength)
            ? new EventTypeFilter(patterns)
            : null;
    }

    public bool Matches(string type) =>
        type is OptIn ? Array.IndexOf(_patterns, type) >= 0
        : _patterns.Length == 0
        || Array.Exists(_patterns, pattern => FileSystemName.MatchesSimpleExpression(pattern, type, ignoreCase: false));
}
