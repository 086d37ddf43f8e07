using StreamGateway.Media;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Audio;

/// <summary>What a voice agent wants of its socket.</summary>
/// <param name="Users">Whom to hear.</param>
/// <param name="Shape">Rate and channels of the samples, both ways.</param>
/// <param name="Format"><c>s16le</c> or <c>s16be</c>.</param>
/// <param name="Queue">How much speech may be sent ahead of its time.</param>
internal sealed record VoiceSocketRequest(RtcSelection Users, SampleShape Shape, string Format, TimeSpan Queue)
{
    public int FrameBytes => 2 * Shape.Channels;

    public int BytesPerSecond => FrameBytes * Shape.Rate;

    public double Milliseconds(long bytes) => bytes * 1000.0 / BytesPerSecond;
}
