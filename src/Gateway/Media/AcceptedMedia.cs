using Microsoft.Net.Http.Headers;
using StreamGateway.Errors;

namespace StreamGateway.Media;

/// <summary>What a listener accepts: a format and, for samples, their shape.</summary>
/// <param name="Format">Null leaves it to the native library, which takes what carries the track's codec as it is.</param>
internal readonly record struct AcceptedMedia(MediaFormat? Format, SampleShape Shape)
{
    /// <summary>Reads a header <c>Accept</c>; the first of the best ranges that suits wins.</summary>
    /// <exception cref="ProblemException">Nothing of it can be given, or its samples have no sensible shape.</exception>
    public static AcceptedMedia Negotiate(string? accept, bool video)
    {
        if (string.IsNullOrWhiteSpace(accept))
        {
            return new AcceptedMedia(video ? null : MediaFormat.Ogg, SampleShape.Default);
        }

        var candidates = MediaFormat.All.Where(format => format.IsVideo == video).ToArray();
        if (MediaTypeHeaderValue.TryParseList([accept], out var ranges))
        {
            foreach (var range in ranges.Where(range => range.Quality is not 0).OrderByDescending(range => range.Quality ?? 1))
            {
                if (Array.Find(candidates, format => format.Suits(range)) is { } format)
                {
                    var isOpen = range.MatchesAllTypes || range.MatchesAllSubTypes;
                    return new AcceptedMedia(video && isOpen ? null : format, ShapeOf(range));
                }
            }
        }

        throw new ProblemException(
            ProblemTypes.NotAcceptable, $"It can be had as {string.Join(", ", candidates.Select(format => format.ContentType))}.");
    }

    /// <summary>The content type of the response.</summary>
    public string ContentTypeOf(string nativeFormat)
    {
        var format = Format ?? MediaFormat.OfNative(nativeFormat);
        return format.IsBare ? Shape.Describe(format.ContentType) : format.ContentType;
    }

    private static SampleShape ShapeOf(MediaTypeHeaderValue range) =>
        SampleShape.Of(range, SampleShape.Default)
        ?? throw new ProblemException(
            ProblemTypes.NotAcceptable,
            $"rate must be {SampleShape.MinRate} to {SampleShape.MaxRate} and channels 1 to {SampleShape.MaxChannels}.");
}
