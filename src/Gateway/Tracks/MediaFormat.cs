using Microsoft.Net.Http.Headers;

namespace StreamGateway.Tracks;

/// <summary>A media format that a track can be sent in.</summary>
/// <param name="ContentType">What the response is called.</param>
/// <param name="Aliases">Other names a client may accept it by.</param>
/// <param name="NativeName">Its name in the native library.</param>
internal sealed record MediaFormat(string ContentType, string[] Aliases, string NativeName)
{
    /// <summary>Everything this service can send, the preferred first; a new format is a new line.</summary>
    public static readonly MediaFormat[] All =
    [
        new("audio/ogg", ["application/ogg"], "ogg"),
    ];

    public static readonly string Supported = string.Join(", ", All.Select(format => format.ContentType));

    /// <summary>The best format for a header <c>Accept</c>; null when none will do.</summary>
    public static MediaFormat? Negotiate(string? accept)
    {
        if (string.IsNullOrWhiteSpace(accept))
        {
            return All[0];
        }

        if (!MediaTypeHeaderValue.TryParseList([accept], out var accepted))
        {
            return null;
        }

        return accepted
            .Where(range => range.Quality is not 0)
            .OrderByDescending(range => range.Quality ?? 1)
            .Select(range => Array.Find(All, format => format.Suits(range)))
            .FirstOrDefault(format => format is not null);
    }

    private bool Suits(MediaTypeHeaderValue range) =>
        Aliases.Prepend(ContentType).Any(name => new MediaTypeHeaderValue(name).IsSubsetOf(WithoutQuality(range)));

    private static MediaTypeHeaderValue WithoutQuality(MediaTypeHeaderValue range) => new(range.MediaType);
}
