using System.Collections.Immutable;
using GetStream.Models;

namespace GetStream.Local.Coordinator;

/// <summary>The capabilities as text, and the sets the default call types are made of.</summary>
internal static class Capabilities
{
    public static readonly string JoinCall = OwnCapability.JoinCall.Value;
    public static readonly string ReadCall = OwnCapability.ReadCall.Value;
    public static readonly string CreateCall = OwnCapability.CreateCall.Value;
    public static readonly string JoinBackstage = OwnCapability.JoinBackstage.Value;
    public static readonly string JoinEndedCall = OwnCapability.JoinEndedCall.Value;
    public static readonly string UpdateCall = OwnCapability.UpdateCall.Value;
    public static readonly string UpdateCallSettings = OwnCapability.UpdateCallSettings.Value;
    public static readonly string UpdateCallMember = OwnCapability.UpdateCallMember.Value;
    public static readonly string RemoveCallMember = OwnCapability.RemoveCallMember.Value;
    public static readonly string UpdateCallPermissions = OwnCapability.UpdateCallPermissions.Value;
    public static readonly string EndCall = OwnCapability.EndCall.Value;
    public static readonly string MuteUsers = OwnCapability.MuteUsers.Value;
    public static readonly string KickUser = OwnCapability.KickUser.Value;
    public static readonly string BlockUsers = OwnCapability.BlockUsers.Value;
    public static readonly string PinForEveryone = OwnCapability.PinForEveryone.Value;
    public static readonly string SendClosedCaptions = OwnCapability.SendClosedCaptionsCall.Value;
    public static readonly string CreateReaction = OwnCapability.CreateReaction.Value;
    public static readonly string SendAudio = OwnCapability.SendAudio.Value;
    public static readonly string SendVideo = OwnCapability.SendVideo.Value;
    public static readonly string Screenshare = OwnCapability.Screenshare.Value;
    public static readonly string EnableNoiseCancellation = OwnCapability.EnableNoiseCancellation.Value;

    public static readonly ImmutableSortedSet<string> None = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>All there are.</summary>
    public static readonly ImmutableSortedSet<string> All = None.Union(
    [
        BlockUsers, "change-max-duration", CreateCall, CreateReaction, EnableNoiseCancellation, EndCall, JoinBackstage,
        JoinCall, JoinEndedCall, KickUser, MuteUsers, PinForEveryone, ReadCall, RemoveCallMember, Screenshare,
        SendAudio, SendClosedCaptions, SendVideo, "start-broadcast-call", "start-closed-captions-call",
        "start-frame-record-call", "start-individual-record-call", "start-raw-record-call", "start-record-call",
        "start-transcription-call", "stop-broadcast-call", "stop-closed-captions-call", "stop-frame-record-call",
        "stop-individual-record-call", "stop-raw-record-call", "stop-record-call", "stop-transcription-call",
        UpdateCall, UpdateCallMember, UpdateCallPermissions, UpdateCallSettings,
    ]);

    /// <summary>What users may ask hosts for, and hosts grant and revoke.</summary>
    public static readonly ImmutableSortedSet<string> Publishing = None.Union([SendAudio, SendVideo, Screenshare]);

    public static readonly ImmutableSortedSet<string> Watch = None.Union([JoinCall, ReadCall]);

    public static readonly ImmutableSortedSet<string> React = Watch.Add(CreateReaction);

    public static readonly ImmutableSortedSet<string> Talk = React.Union(Publishing).Add(EnableNoiseCancellation);

    public static readonly ImmutableSortedSet<string> Moderate = Talk.Union(
    [
        BlockUsers, KickUser, MuteUsers, PinForEveryone, JoinBackstage, RemoveCallMember, UpdateCallMember,
        UpdateCallPermissions, EndCall,
    ]);
}
