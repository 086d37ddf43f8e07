using System.Text.Json.Nodes;
using GetStream.Models;

namespace GetStream.Local.Tests.KeptOperations;

internal static class VideoCases
{
    public static IReadOnlyDictionary<string, OperationCase> All { get; } = new Dictionary<string, OperationCase>
    {
        ["GetCall"] = OperationCase.Unknown(s => s.Call.GetAsync(), s => s.NoCall.GetAsync()),
        ["GetOrCreateCall"] = OperationCase.Input(
            s => s.NoCall.GetOrCreateAsync(New(s.Alice)), s => s.NoCall.GetOrCreateAsync()),
        ["UpdateCall"] = OperationCase.Forbidden(
            s => s.Call.UpdateAsync(new UpdateCallRequest { Custom = new JsonObject { ["a"] = 1 } }),
            s => s.Call.UpdateAsync(new UpdateCallRequest { Custom = [] }, s.AsCarol)),
        ["DeleteCall"] = OperationCase.Forbidden(
            s => s.Call.DeleteAsync(new DeleteCallRequest { Hard = true }), s => s.Call.DeleteAsync(null, s.AsCarol)),
        ["EndCall"] = OperationCase.Forbidden(s => s.Call.EndAsync(), s => s.Call.EndAsync(s.AsCarol)),
        ["JoinCall"] = OperationCase.Unknown(
            s => s.Call.JoinAsync(new JoinCallRequest { Location = "auto" }, options: s.AsBob),
            s => s.NoCall.JoinAsync(new JoinCallRequest { Location = "auto" }, options: s.AsBob)),
        ["QueryCalls"] = OperationCase.Input(
            s => s.Client.Video.QueryCallsAsync(new QueryCallsRequest { FilterConditions = new JsonObject { ["ongoing"] = false } }),
            s => s.Client.Video.QueryCallsAsync(new QueryCallsRequest { FilterConditions = new JsonObject { ["colour"] = "red" } })),
        ["QueryCallMembers"] = OperationCase.Input(
            s => s.Client.Video.QueryCallMembersAsync(Members(s, "role")),
            s => s.Client.Video.QueryCallMembersAsync(Members(s, "colour"))),
        ["UpdateCallMembers"] = OperationCase.Input(
            s => s.Call.UpdateMembersAsync(Update(s.Carol)), s => s.Call.UpdateMembersAsync(Update("nobody"))),
        ["QueryCallParticipants"] = OperationCase.Input(
            s => s.Call.QueryParticipantsAsync(),
            s => s.Call.QueryParticipantsAsync(query: new QueryCallParticipantsQuery { Limit = 101 })),
        ["RingCall"] = OperationCase.Input(
            s => s.Call.RingAsync(), s => s.Call.RingAsync(new RingCallRequest { MembersIds = [s.Carol] })),
        ["AcceptCall"] = OperationCase.Unknown(s => s.Call.AcceptAsync(s.AsBob), s => s.NoCall.AcceptAsync(s.AsBob)),
        ["RejectCall"] = OperationCase.Input(
            s => s.Call.RejectAsync(new RejectCallRequest { Reason = "busy" }, s.AsBob),
            s => s.Call.RejectAsync(new RejectCallRequest { Reason = new string('x', 256) }, s.AsBob)),
        ["GoLive"] = OperationCase.Input(s => s.Livestream.GoLiveAsync(), s => s.Call.GoLiveAsync()),
        ["StopLive"] = OperationCase.Input(s => s.Livestream.StopLiveAsync(), s => s.Call.StopLiveAsync()),
        ["BlockUser"] = OperationCase.Unknown(
            s => s.Call.BlockUserAsync(new BlockUserRequest { UserId = s.Bob }),
            s => s.Call.BlockUserAsync(new BlockUserRequest { UserId = "nobody" })),
        ["UnblockUser"] = OperationCase.Unknown(
            s => s.Call.UnblockUserAsync(new UnblockUserRequest { UserId = s.Bob }),
            s => s.Call.UnblockUserAsync(new UnblockUserRequest { UserId = "nobody" })),
        ["KickUser"] = OperationCase.Forbidden(
            s => s.Call.KickUserAsync(new KickUserRequest { UserId = s.Bob }),
            s => s.Call.KickUserAsync(new KickUserRequest { UserId = s.Bob }, s.AsCarol)),
        ["MuteUsers"] = OperationCase.Input(
            s => s.Call.MuteUsersAsync(new MuteUsersRequest { MuteAllUsers = true, Audio = true }),
            s => s.Call.MuteUsersAsync(new MuteUsersRequest { MuteAllUsers = true })),
        ["RequestPermission"] = OperationCase.Input(
            s => s.Call.RequestPermissionAsync(Ask(OwnCapability.SendAudio), s.AsBob),
            s => s.Call.RequestPermissionAsync(Ask(OwnCapability.EndCall), s.AsBob)),
        ["UpdateUserPermissions"] = OperationCase.Input(
            s => s.Call.UpdateUserPermissionsAsync(Revoke(s.Bob, OwnCapability.SendAudio)),
            s => s.Call.UpdateUserPermissionsAsync(Revoke(s.Bob, OwnCapability.EndCall))),
        ["VideoPin"] = OperationCase.Input(
            s => s.Call.VideoPinAsync(new PinRequest { UserId = s.Bob, SessionId = "s1" }),
            s => s.Call.VideoPinAsync(new PinRequest { UserId = s.Bob, SessionId = "" })),
        ["VideoUnpin"] = OperationCase.Forbidden(
            s => s.Call.VideoUnpinAsync(new UnpinRequest { UserId = s.Bob, SessionId = "s1" }),
            s => s.Call.VideoUnpinAsync(new UnpinRequest { UserId = s.Bob, SessionId = "s1" }, s.AsCarol)),
        ["SendCallEvent"] = OperationCase.Input(
            s => s.Call.SendEventAsync(new SendCallEventRequest { UserId = s.Alice, Custom = new JsonObject { ["a"] = 1 } }),
            s => s.Call.SendEventAsync(new SendCallEventRequest { UserId = s.Alice, Custom = new JsonObject { ["a"] = new string('x', 6_000) } })),
        ["SendVideoReaction"] = OperationCase.Input(
            s => s.Call.SendVideoReactionAsync(new SendVideoReactionRequest { Type = "like" }, s.AsBob),
            s => s.Call.SendVideoReactionAsync(new SendVideoReactionRequest { Type = new string('x', 65) }, s.AsBob)),
        ["SendClosedCaption"] = OperationCase.Forbidden(
            s => s.Call.SendClosedCaptionAsync(new SendClosedCaptionRequest { Text = "hello", SpeakerId = s.Bob }),
            s => s.Call.SendClosedCaptionAsync(new SendClosedCaptionRequest { Text = "hello", SpeakerId = s.Bob }, s.AsCarol)),
        ["CollectUserFeedback"] = OperationCase.Input(
            s => s.Call.CollectUserFeedbackAsync(Feedback(5), s.AsBob), s => s.Call.CollectUserFeedbackAsync(Feedback(6), s.AsBob)),
        ["QueryUserFeedback"] = OperationCase.Input(
            s => s.Client.Video.QueryUserFeedbackAsync(new QueryUserFeedbackRequest { FilterConditions = new JsonObject { ["rating"] = 5 } }),
            s => s.Client.Video.QueryUserFeedbackAsync(new QueryUserFeedbackRequest { FilterConditions = new JsonObject { ["rating"] = "five" } })),
        ["QueryCallStats"] = OperationCase.Input(
            s => s.Client.Video.QueryCallStatsAsync(),
            s => s.Client.Video.QueryCallStatsAsync(new QueryCallStatsRequest { Next = "nonsense" })),
        ["QueryCallParticipantSessions"] = OperationCase.Unknown(
            async s => await s.Call.QueryParticipantSessionsAsync(await s.SessionAsync()),
            s => s.Call.QueryParticipantSessionsAsync("nothing")),
        ["ListRecordings"] = OperationCase.Unknown(s => s.Call.ListRecordingsAsync(), s => s.NoCall.ListRecordingsAsync()),
        ["ListTranscriptions"] = OperationCase.Unknown(s => s.Call.ListTranscriptionsAsync(), s => s.NoCall.ListTranscriptionsAsync()),
        ["ReportClientCallEvent"] = OperationCase.Input(
            s => s.Client.Video.ReportClientCallEventAsync(new ReportClientEventRequest { Events = [new ClientEvent()] }),
            s => s.Client.Video.ReportClientCallEventAsync(new ReportClientEventRequest { Events = [] })),
        ["GetEdges"] = OperationCase.Of(s => s.Client.Video.GetEdgesAsync(), s => s.Client.Video.GetEdgesAsync(s.AsNobody), 401, 5),
        ["ListCallTypes"] = OperationCase.Forbidden(
            s => s.Client.Video.ListCallTypesAsync(), s => s.Client.Video.ListCallTypesAsync(s.AsAlice)),
        ["GetCallType"] = OperationCase.Unknown(
            s => s.Client.Video.GetCallTypeAsync("default"), s => s.Client.Video.GetCallTypeAsync("nothing")),
        ["CreateCallType"] = OperationCase.Input(
            s => s.Client.Video.CreateCallTypeAsync(new CreateCallTypeRequest { Name = $"{s.CallType}-2" }),
            s => s.Client.Video.CreateCallTypeAsync(new CreateCallTypeRequest { Name = s.CallType })),
        ["UpdateCallType"] = OperationCase.Input(
            s => s.Client.Video.UpdateCallTypeAsync(s.CallType, Grant("read-call")),
            s => s.Client.Video.UpdateCallTypeAsync(s.CallType, Grant("dance"))),
        ["DeleteCallType"] = OperationCase.Forbidden(
            s => s.Client.Video.DeleteCallTypeAsync(s.CallType), s => s.Client.Video.DeleteCallTypeAsync("default")),
    };

    private static GetOrCreateCallRequest New(string creator) => new() { Data = new CallRequest { CreatedById = creator } };

    private static QueryCallMembersRequest Members(Scenario scenario, string field) => new()
    {
        Type = scenario.Call.Type,
        Id = scenario.Call.Id,
        FilterConditions = new JsonObject { [field] = "user" },
        Sort = [new SortParamRequest { Field = "created_at", Direction = -1 }],
    };

    private static UpdateCallMembersRequest Update(string userId) =>
        new() { UpdateMembers = [new MemberRequest { UserId = userId, Role = "speaker" }] };

    private static RequestPermissionRequest Ask(OwnCapability permission) =>
        new() { Permissions = [new CallPermission(permission.Value)] };

    private static UpdateUserPermissionsRequest Revoke(string userId, OwnCapability permission) =>
        new() { UserId = userId, RevokePermissions = [new CallPermission(permission.Value)] };

    private static CollectUserFeedbackRequest Feedback(int rating) => new() { Rating = rating, Sdk = "tests", SdkVersion = "1" };

    private static UpdateCallTypeRequest Grant(string capability) =>
        new() { Grants = new Dictionary<string, IReadOnlyList<string>> { ["user"] = [capability] } };
}
