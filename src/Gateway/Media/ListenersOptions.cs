using System.ComponentModel.DataAnnotations;

namespace StreamGateway.Media;

/// <summary>How many may listen and watch at once: section <c>Listeners</c>.</summary>
internal sealed class ListenersOptions
{
    public const string Section = "Listeners";

    /// <value>Listeners to tracks and mixes, and voice sockets, at once: one more is answered 503. The default is 2,000; a quarter of the connections at most.</value>
    [Range(1, 1_000_000)]
    public int MaxListeners { get; set; } = 2_000;

    /// <value>The same, of one session. The default is 200.</value>
    [Range(1, 1_000_000)]
    public int MaxPerSession { get; set; } = 200;
}
