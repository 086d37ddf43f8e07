using System.Collections.Immutable;
using GetStream.Models;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Coordinator;

/// <summary>What capabilities and the call's settings let a participant publish.</summary>
internal static class CallGrants
{
    public static readonly RtcGrants None = new()
    {
        CanPublishAudio = false,
        CanPublishVideo = false,
        CanScreenshare = false,
    };

    public static RtcGrants From(ImmutableSortedSet<string> capabilities, CallSettingsResponse settings) => new()
    {
        CanPublishAudio = capabilities.Contains(Capabilities.SendAudio),
        CanPublishVideo = settings.Video.Enabled && capabilities.Contains(Capabilities.SendVideo),
        CanScreenshare = settings.Screensharing.Enabled && capabilities.Contains(Capabilities.Screenshare),
    };
}
