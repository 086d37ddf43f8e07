using System.Text.Json;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Native.Tests.Rtc;

public sealed class RtcJsonTests
{
    private static readonly RtcJoinOptions Join = new()
    {
        CoordinatorUrl = "http://127.0.0.1:8090", ApiKey = "key", Token = "token", CallType = "default", CallId = "demo",
        User = new RtcUser { Id = "alice" },
    };

    [Fact]
    public void Join_with_the_least_sends_the_least() => Assert.Equal(
        """{"coordinator_url":"http://127.0.0.1:8090","api_key":"key","token":"token","call_type":"default","call_id":"demo","user":{"id":"alice"}}""",
        JsonSerializer.Serialize(Join, RtcJson.Default.RtcJoinOptions));

    [Fact]
    public void Join_with_everything_speaks_the_manuals_language()
    {
        var options = Join with
        {
            User = new RtcUser { Id = "alice", Name = "Alice", Image = "i", Custom = Element("""{"a":1}""") },
            Create = true, Data = Element("{}"), Ring = false, Notify = false,
            Subscribe = new RtcSubscriptions { Audio = RtcSelection.All, Video = RtcSelection.Users(["bob"]), MaxVideoHeight = 720 },
            Reconnect = new RtcReconnect { Enabled = true, Deadline = TimeSpan.FromSeconds(30) },
            LeaveWhenAlone = TimeSpan.FromMinutes(1), MaxDuration = TimeSpan.FromHours(1), Timeout = TimeSpan.FromSeconds(15),
        };

        Assert.Equal(
            """
            {"coordinator_url":"http://127.0.0.1:8090","api_key":"key","token":"token","call_type":"default","call_id":"demo",
            "user":{"id":"alice","name":"Alice","image":"i","custom":{"a":1}},"create":true,"data":{},"ring":false,"notify":false,
            "subscribe":{"audio":"all","video":["bob"],"max_video_height":720},"reconnect":{"enabled":true,"deadline_ms":30000},
            "leave_when_alone_ms":60000,"max_duration_ms":3600000,"timeout_ms":15000}
            """.Replace("\n", "", StringComparison.Ordinal),
            JsonSerializer.Serialize(options, RtcJson.Default.RtcJoinOptions));
    }

    [Fact]
    public void Answer_of_a_join_is_read_whatever_way_its_numbers_are_written()
    {
        var answer = JsonSerializer.Deserialize(
            """
            {"session":9007199254740991,"call_cid":"default:demo","user_id":"alice","participant_session_id":"p","own_capabilities":["send-audio"],
             "created":true,"sfu":"local-1","timing":{"coordinator_ms":1.5,"total_ms":3},"later":{},
             "participants":[{"user_id":"bob","connection_quality":"CONNECTION_QUALITY_GOOD","joined_at_unix_ns":"12","later":1,
               "tracks":[{"track_id":"b:audio","track_type":1}]},
              {"user_id":"eve","connection_quality":3,"joined_at_unix_ns":13}]}
            """,
            RtcJson.Default.JoinAnswer)!;

        Assert.Equal(9007199254740991ul, answer.Session);
        Assert.Equal(1.5, answer.Timing!.CoordinatorMs);
        Assert.Equal(12, answer.Participants![0].JoinedAtUnixNs);
        Assert.Equal(StreamGateway.Native.Rtc.V1.ConnectionQuality.Good, answer.Participants[0].ConnectionQuality);
        Assert.Equal(StreamGateway.Native.Rtc.V1.TrackType.Audio, answer.Participants[0].Tracks[0].TrackType);
        Assert.Equal(StreamGateway.Native.Rtc.V1.ConnectionQuality.Excellent, answer.Participants[1].ConnectionQuality);
    }

    [Fact]
    public void Answer_without_a_required_member_is_refused() => Assert.Throws<JsonException>(
        () => JsonSerializer.Deserialize("""{"call_cid":"c"}""", RtcJson.Default.JoinAnswer));

    [Fact]
    public void Pace_and_reasons_are_sent_by_their_names()
    {
        Assert.Equal(
            """{"session":1,"name":"n","track_type":"audio","format":"ogg","pace":"asap","stall_timeout_ms":500}""",
            JsonSerializer.Serialize(
                new PublishRequest(
                    1, "n", "audio", "ogg", Rate: null, Channels: null, FrameRate: null, BitrateBps: null, Profile: null, Dtx: null,
                    LowDelay: null, RtcPace.Asap, Loop: null, TimeSpan.FromMilliseconds(500), BufferBytes: null),
                RtcJson.Default.PublishRequest));
        Assert.Equal(
            """{"sfu":1,"call_cid":"c","reason":"session_ended"}""",
            JsonSerializer.Serialize(new SfuCallEndRequest(1, "c", RtcCallEndReason.SessionEnded), RtcJson.Default.SfuCallEndRequest));
    }

    [Fact]
    public void Options_name_no_secret()
    {
        Assert.DoesNotContain("token", Join.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hush", new RtcSfuOptions { TokenSecret = "hush" }.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"all\"", "all")]
    [InlineData("\"none\"", "none")]
    [InlineData("""["a","b"]""", "[a, b]")]
    public void Selections_are_read(string json, string text) =>
        Assert.Equal(text, JsonSerializer.Deserialize<RtcSelection>(json)!.ToString());

    [Theory]
    [InlineData("\"some\"")]
    [InlineData("7")]
    [InlineData("[1]")]
    public void Other_selections_are_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<RtcSelection>(json));

    private static JsonElement Element(string json) => JsonSerializer.Deserialize<JsonElement>(json);
}
