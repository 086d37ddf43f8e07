using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace StreamGateway.Media;

/// <summary>Rate and channels of bare samples, as a content type tells them (RFC 2586): <c>audio/l16;rate=16000;channels=1</c>.</summary>
internal readonly record struct SampleShape(int Rate, int Channels)
{
    public const int MinRate = 8_000;
    public const int MaxRate = 192_000;
    public const int MaxChannels = 8;

    /// <summary>For listeners that do not say what they want.</summary>
    public static readonly SampleShape Default = new(48_000, 1);

    /// <summary>Null when the rate is missing, or a value is no number in its bounds.</summary>
    public static SampleShape? Of(MediaTypeHeaderValue type, SampleShape? absent = null)
    {
        var rate = Read(type, "rate", absent?.Rate);
        var channels = Read(type, "channels", absent?.Channels ?? 1);
        return rate is >= MinRate and <= MaxRate && channels is >= 1 and <= MaxChannels
            ? new SampleShape(rate.Value, channels.Value)
            : null;
    }

    /// <summary>The content type with its parameters.</summary>
    public string Describe(string contentType) =>
        string.Create(CultureInfo.InvariantCulture, $"{contentType};rate={Rate};channels={Channels}");

    private static int? Read(MediaTypeHeaderValue type, string name, int? absent)
    {
        var parameter = type.Parameters.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (parameter is null)
        {
            return absent;
        }

        return int.TryParse(HeaderUtilities.RemoveQuotes(parameter.Value), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
    }
}
