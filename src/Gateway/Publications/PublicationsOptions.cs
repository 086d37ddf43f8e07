using StreamGateway.Settings;

namespace StreamGateway.Publications;

/// <summary>Publishing: section <c>Publications</c>.</summary>
internal sealed class PublicationsOptions
{
    public const string Section = "Publications";

    /// <value>A body that brings nothing for so long ends its publication. The default is 10 seconds.</value>
    [Duration("00:00:00.5", "00:10:00")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
