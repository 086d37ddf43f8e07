using Microsoft.Net.Http.Headers;

namespace StreamGateway.Media;

/// <summary>A media format of the HTTP contract.</summary>
/// <param name="ContentType">What a response is called.</param>
/// <param name="Aliases">Other names it goes by.</param>
/// <param name="NativeName">Its name in the native library.</param>
/// <param name="IsVideo">Whether it carries pictures; else it carries sound.</param>
/// <param name="IsBare">Whether it is samples alone, whose rate and channels the content type tells.</param>
internal sealed record MediaFormat(string ContentType, string[] Aliases, string NativeName, bool IsVideo = false, bool IsBare = false)
{
    public static readonly MediaFormat Ogg = new("audio/ogg", ["application/ogg"], "ogg");
    public static readonly MediaFormat Wav = new("audio/wav", ["audio/x-wav", "audio/wave", "audio/vnd.wave"], "wav");

    /// <summary>Network byte order, as its RFC has it.</summary>
    public static readonly MediaFormat L16 = new("audio/l16", [], "s16be", IsBare: true);

    /// <summary>Little endian, as voice agents and most machines have it.</summary>
    public static readonly MediaFormat Pcm = new("audio/pcm", ["audio/x-s16le", "audio/x-raw"], "s16le", IsBare: true);

    public static readonly MediaFormat Ivf = new("video/x-ivf", ["video/ivf"], "ivf", IsVideo: true);
    public static readonly MediaFormat H264 = new("video/h264", ["video/x-h264"], "h264", IsVideo: true);

    /// <summary>Everything that is taken and given, the preferred first.</summary>
    public static readonly MediaFormat[] All = [Ogg, Wav, L16, Pcm, Ivf, H264];

    public static readonly string Names = string.Join(", ", All.Select(format => format.ContentType));

    public static readonly string AudioNames = string.Join(", ", All.Where(format => !format.IsVideo).Select(format => format.ContentType));

    public IEnumerable<string> ContentTypes => Aliases.Prepend(ContentType);

    /// <summary>Null when the content type is missing or unknown.</summary>
    public static MediaFormat? Find(MediaTypeHeaderValue? type) =>
        type is null ? null : Array.Find(All, format => format.ContentTypes.Contains(type.MediaType.Value, StringComparer.OrdinalIgnoreCase));

    public static MediaFormat OfNative(string name) => Array.Find(All, format => format.NativeName == name) ?? Ogg;

    /// <summary>Whether a range of a header <c>Accept</c>, such as <c>audio/*</c>, takes the format.</summary>
    public bool Suits(MediaTypeHeaderValue range) =>
        ContentTypes.Any(name => new MediaTypeHeaderValue(name).IsSubsetOf(new MediaTypeHeaderValue(range.MediaType)));
}
