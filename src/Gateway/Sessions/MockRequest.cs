using System.ComponentModel.DataAnnotations;
using StreamGateway.Json;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Sessions;

/// <summary>A call without any server: participants that play files into <c>rtc_packet</c> events. Only where the settings name a <c>MockDirectory</c>.</summary>
internal sealed record MockRequest
{
    /// <summary>At most 100.</summary>
    [Required(ErrorMessage = "is missing")]
    [MaxLength(100, ErrorMessage = "may list 100")]
    public IReadOnlyList<MockParticipantRequest>? Participants { get; init; }

    /// <param name="directory">Where the files are.</param>
    internal RtcMock ToNative(string directory) =>
        new() { Participants = Participants!.Select(participant => participant.ToNative(directory)).ToList() };
}

/// <summary>Somebody in a mock call.</summary>
internal sealed record MockParticipantRequest
{
    [Required(ErrorMessage = "is missing")]
    [Pattern(Identifiers.Pattern, Identifiers.Rule)]
    public string? UserId { get; init; }

    [StringLength(255, ErrorMessage = "must have at most 255 characters")]
    public string? Name { get; init; }

    /// <summary>Without it the participant is silent.</summary>
    public MockAudioRequest? Audio { get; init; }

    internal RtcMockParticipant ToNative(string directory) => new()
    {
        UserId = UserId!,
        Name = Name,
        Audio = Audio is null
            ? null
            : new RtcMockAudio { AudioFilePath = Path.Combine(directory, Audio.AudioFilePath!), RealtimeClock = Audio.RealtimeClock },
    };
}

/// <summary>What a participant of a mock plays, once.</summary>
internal sealed record MockAudioRequest
{
    /// <summary>Name of a file in the service's <c>MockDirectory</c>: WAVE, or whatever its ffmpeg reads.</summary>
    [Required(ErrorMessage = "is missing")]
    [Pattern("^[A-Za-z0-9_][A-Za-z0-9_. -]{0,254}$", "must be the name of a file: letters, digits, or _ - . and blanks")]
    public string? AudioFilePath { get; init; }

    /// <summary>Whether to play as fast as a speaker speaks (the default), or as fast as possible.</summary>
    public bool? RealtimeClock { get; init; }
}
