using System.Collections.Frozen;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Events;

/// <summary>Names for events that were not made here: whoever names them cannot pass for the gateway.</summary>
internal static class ForeignEvents
{
    private const string Prefix = "stream.";

    /// <summary>What a reader takes for a word of the gateway, of the native library, or of EventSource itself.</summary>
    private static readonly FrozenSet<string> s_own = Event.Descriptor.Oneofs[0].Fields
        .Select(field => field.Name)
        .Concat(["snapshot", "gap", "end", "heartbeat", "message", "open", "error"])
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Stream's own type, or <c>stream.{type}</c> where that is a name of ours.</summary>
    /// <remarks>A line break would end the line of the event stream that the name is written on.</remarks>
    public static string NameOf(string type)
    {
        var clean = type.Any(char.IsControl) ? string.Concat(type.Select(letter => char.IsControl(letter) ? '\uFFFD' : letter)) : type;
        return clean.Length is 0 || s_own.Contains(clean) ? Prefix + clean : clean;
    }
}
