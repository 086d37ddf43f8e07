using System.Text.Json.Serialization;

namespace StreamGateway.Audio;

/// <summary>A text frame of the client.</summary>
/// <param name="Type"><c>flush</c> or <c>mark</c>.</param>
/// <param name="Mark">Of <c>mark</c>: any name of up to 255 characters, which comes back when it is reached.</param>
internal sealed record VoiceCommand(string? Type, string? Mark);

/// <summary>A text frame to the client; what does not belong to its type is left out.</summary>
internal sealed record VoiceMessage(string Type)
{
    public int? Rate { get; init; }

    public int? Channels { get; init; }

    public string? Format { get; init; }

    public string? TrackId { get; init; }

    public string? UserId { get; init; }

    public string? ParticipantSessionId { get; init; }

    public string? Mark { get; init; }

    /// <summary>Whether what the mark stands behind was dropped instead of played.</summary>
    public bool? Dropped { get; init; }

    public double? DroppedMs { get; init; }

    public string? Code { get; init; }

    public string? Detail { get; init; }

    public string? Reason { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(VoiceCommand))]
[JsonSerializable(typeof(VoiceMessage))]
internal sealed partial class VoiceJson : JsonSerializerContext;
