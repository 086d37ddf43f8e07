using GetStream.Http;

namespace GetStream.Local.Http;

/// <summary>Why there is nothing real behind an operation that answers 501.</summary>
internal static class UnservedReasons
{
    private const string NoChat = "chat is not kept";
    private const string NoMeasuring = "media quality is not measured";
    private const string NoRecorder = "nothing is recorded";
    private const string NoTranscriber = "nothing is transcribed";
    private const string NoBroadcaster = "nothing is broadcast";

    // The first part that the path contains tells.
    private static readonly (string Part, string Reason)[] s_reasons =
    [
        ("/api/v2/chat/", NoChat),
        ("/api/v2/feeds/", "feeds are not kept"),
        ("/api/v2/moderation/", "moderation is not kept"),
        ("/video/sip/", "there is no telephony"),
        ("recording", NoRecorder),
        ("transcription", NoTranscriber),
        ("closed_captions", NoTranscriber),
        ("broadcast", NoBroadcaster),
        ("stats", NoMeasuring),
        ("/report", NoMeasuring),
        ("/details/track", NoMeasuring),
        ("active_calls_status", NoMeasuring),
        ("/blocklists", "moderation is not kept"),
        ("push", "nothing is pushed"),
        ("check_s", "there are no queues"),
        ("storage", "there is no external storage"),
        ("/import", "nothing is imported"),
        ("/og", "no page of others is fetched"),
        ("/uploads/", "files are not kept"),
        ("/permissions", "what roles may do is set in the call types"),
    ];

    public static string Of(ApiOperation operation)
    {
        foreach (var (part, reason) in s_reasons)
        {
            if (operation.Path.Contains(part, StringComparison.Ordinal))
                return reason;
        }

        return NoChat;
    }
}
