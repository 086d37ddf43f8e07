using System.Text.Json.Nodes;
using GetStream.Local.Tests.Support;
using GetStream.Models;

namespace GetStream.Local.Tests;

/// <summary>Sessions that are over: who was in them, how long they took, how they were rated.</summary>
public sealed class SessionHistoryTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private LocalStream _stream = null!;
    private EventSocket _socket = null!;
    private StreamCall _call = null!;
    private ApiClient _alice = null!;

    public async Task InitializeAsync()
    {
        _stream = await LocalStream.StartAsync(clock: _clock);
        _socket = await EventSocket.OpenAsync(_stream);
        await _socket.AuthenticateAsync(_stream.As("alice", clock: _clock).Token!, "alice");
        var id = (await _socket.Next("connection.ok")).GetProperty("connection_id").GetString();
        _alice = new ApiClient(_stream, _stream.As("alice", clock: _clock).Token) { UserId = "alice", ExtraQuery = $"connection_id={id}" };
        await _alice.Post("/video/call/default/demo");
        _call = _stream.Client.Video.Call("default", "demo");
    }

    public async Task DisposeAsync()
    {
        await _socket.DisposeAsync();
        await _stream.DisposeAsync();
    }

    [Fact]
    public async Task A_session_remembers_who_was_in_it_and_when()
    {
        var first = await SessionOfTwoAsync();
        await JoinAsync("bob", "s3");

        var sessions = (await _call.QueryParticipantSessionsAsync(first)).Data;
        var bobs = (await _call.QueryParticipantSessionsAsync(first, new QueryCallParticipantSessionsQuery
        {
            FilterConditions = new JsonObject { ["user_id"] = "bob" },
        })).Data;

        Assert.Equal(["s1", "s2"], sessions.ParticipantsSessions.Select(session => session.UserSessionId));
        Assert.Equal([10L, 5L], sessions.ParticipantsSessions.Select(session => session.DurationInSeconds));
        Assert.Equal((2, 15L, 10L), (sessions.TotalParticipantSessions, sessions.TotalParticipantDuration, sessions.Duration));
        Assert.Equal(["s2"], bobs.ParticipantsSessions.Select(session => session.UserSessionId));
        Assert.NotEqual(first, (await _call.GetAsync()).Data.Call.CurrentSessionId);
    }

    [Fact]
    public async Task Participants_of_a_session_come_page_by_page()
    {
        var session = await SessionOfTwoAsync();

        var first = (await _call.QueryParticipantSessionsAsync(session, new QueryCallParticipantSessionsQuery { Limit = 1 })).Data;
        var second = (await _call.QueryParticipantSessionsAsync(session, new QueryCallParticipantSessionsQuery { Limit = 1, Next = first.Next })).Data;

        Assert.Equal(["s1"], first.ParticipantsSessions.Select(one => one.UserSessionId));
        Assert.Equal(["s2"], second.ParticipantsSessions.Select(one => one.UserSessionId));
        Assert.Null(second.Next);
        (await _stream.AsServer().Get($"/video/call/default/demo/session/{session}/participant_sessions?filter_conditions=[]")).Refused(400, 4, "filter_conditions");
    }

    [Fact]
    public async Task Calls_are_found_by_their_duration_and_rating()
    {
        var ended = await SessionOfTwoAsync();
        await _alice.Post("/video/call/default/demo/feedback", """{"rating":2,"sdk":"tests","sdk_version":"1"}""");
        await _alice.Post("/video/call/default/demo/feedback", """{"rating":5,"sdk":"tests","sdk_version":"1"}""");
        await JoinAsync("bob", "s3");

        var all = (await _stream.Client.Video.QueryCallStatsAsync()).Data.Reports;
        var rated = (await _stream.Client.Video.QueryCallStatsAsync(new QueryCallStatsRequest
        {
            FilterConditions = new JsonObject { ["min_user_rating"] = new JsonObject { ["$lt"] = 3 } },
        })).Data.Reports;

        Assert.Equal(["ongoing", "ended"], all.Select(report => report.CallStatus));
        var report = Assert.Single(rated);
        Assert.Equal((ended, 10, 2), (report.CallSessionId, report.CallDurationSeconds, report.MinUserRating));
        Assert.Null(report.QualityScore);
    }

    [Fact]
    public async Task Feedback_is_found_by_filter_sorted_and_paged()
    {
        foreach (var rating in new[] { 3, 5, 1 })
            (await _alice.Post("/video/call/default/demo/feedback", $$"""{"rating":{{rating}},"sdk":"tests","sdk_version":"1","reason":"r{{rating}}","custom":{"n":{{rating}} } }""")).Ok();

        var low = await FeedbackAsync(new QueryUserFeedbackRequest { FilterConditions = new JsonObject { ["rating"] = new JsonObject { ["$lte"] = 3 } }, Sort = [new SortParamRequest { Field = "rating", Direction = 1 }] });
        var custom = await FeedbackAsync(new QueryUserFeedbackRequest { FilterConditions = new JsonObject { ["custom.n"] = 5 } });
        var first = (await _stream.Client.Video.QueryUserFeedbackAsync(new QueryUserFeedbackRequest { Sort = [new SortParamRequest { Field = "rating" }], Limit = 2 })).Data;
        var rest = await FeedbackAsync(new QueryUserFeedbackRequest { Sort = [new SortParamRequest { Field = "rating" }], Limit = 2, Next = first.Next });

        Assert.Equal([1, 3], low);
        Assert.Equal([5], custom);
        Assert.Equal([1, 3], first.UserFeedback.Select(feedback => feedback.Rating));
        Assert.Equal([5], rest);
        Assert.Equal(("default:demo", "alice", "r1"), (first.UserFeedback[0].Cid, first.UserFeedback[0].UserId, first.UserFeedback[0].Reason));
        (await _stream.As("alice", clock: _clock).Post("/video/call/feedback", "{}")).Refused(403, 17);
    }

    [Fact]
    public async Task A_caption_is_passed_on_to_watchers()
    {
        await _stream.AsServer().Post("/users", """{"users":{"bob":{"id":"bob","name":"Bob"}}}""");

        await _call.SendClosedCaptionAsync(new SendClosedCaptionRequest { Text = "Good morning", SpeakerId = "bob", Language = "en" });

        var caption = (await _socket.Next("call.closed_caption")).GetProperty("closed_caption");
        Assert.Equal("Good morning", caption.GetProperty("text").GetString());
        Assert.Equal("Bob", caption.GetProperty("user").GetProperty("name").GetString());
        (await _stream.AsServer().Post("/video/call/default/demo/closed_captions", """{"text":"x","speaker_id":"bob","start_time":"2026-01-01T00:00:01Z","end_time":"2026-01-01T00:00:00Z"}""")).Refused(400, 4, "end_time");
    }

    /// <summary>Alice for ten seconds, Bob for the first five.</summary>
    private async Task<string> SessionOfTwoAsync()
    {
        await _stream.AsServer().Post("/users", """{"users":{"bob":{"id":"bob"}}}""");
        await JoinAsync("alice", "s1");
        await JoinAsync("bob", "s2");
        var session = (await _call.GetAsync()).Data.Call.CurrentSessionId;
        _clock.Advance(TimeSpan.FromSeconds(5));
        _stream.Sfu.Leave("default:demo", "bob", "s2");
        await _socket.Next("call.session_participant_left");
        _clock.Advance(TimeSpan.FromSeconds(5));
        _stream.Sfu.Leave("default:demo", "alice", "s1");
        await _socket.Next("call.session_participant_left");
        await _alice.Post("/video/call/default/demo/mark_ended");
        await _socket.Next("call.session_ended");
        return session;
    }

    private async Task JoinAsync(string userId, string sessionId)
    {
        _stream.Sfu.Join("default:demo", userId, sessionId);
        await _socket.Next("call.session_participant_joined");
    }

    private async Task<int[]> FeedbackAsync(QueryUserFeedbackRequest query) =>
        [.. (await _stream.Client.Video.QueryUserFeedbackAsync(query)).Data.UserFeedback.Select(feedback => feedback.Rating)];
}
