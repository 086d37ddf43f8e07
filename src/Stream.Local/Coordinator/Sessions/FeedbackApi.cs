using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Http;
using GetStream.Local.Queries;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Sessions;

/// <summary>How participants rated calls.</summary>
internal sealed class FeedbackApi(StateStore store, CallDirectory calls, CallViews views, CallEvents events)
    : IOperationFamily
{
    private const int MaxSdkLength = 50;
    private const int MaxReasonLength = 1_000;
    private const int MaxSortFields = 2;

    private static readonly QuerySchema<FeedbackState> s_feedback = new(
        feedback => feedback.Id,
        feedback => feedback.Custom,
        new("cid", FieldKind.Text, feedback => feedback.Cid),
        new("session_id", FieldKind.Text, feedback => feedback.SessionId),
        new("user_id", FieldKind.Text, feedback => feedback.UserId),
        new("rating", FieldKind.Number, feedback => (double)feedback.Rating),
        new("reason", FieldKind.Text, feedback => feedback.Reason),
        new("sdk", FieldKind.Text, feedback => feedback.Sdk),
        new("sdk_version", FieldKind.Text, feedback => feedback.SdkVersion),
        new("created_at", FieldKind.Time, feedback => feedback.CreatedAt));

    public void Map(OperationTable operations)
    {
        operations.Map<CollectUserFeedbackRequest, CollectUserFeedbackResponse>(
            ApiOperations.Video.CollectUserFeedback, OperationAccess.User, Collect);
        operations.Map<QueryUserFeedbackRequest, QueryUserFeedbackResponse>(
            ApiOperations.Video.QueryUserFeedback, OperationAccess.Server, Query);
    }

    private CollectUserFeedbackResponse Collect(ApiRequest request, CollectUserFeedbackRequest body)
    {
        var call = calls.Get(request, Capabilities.ReadCall);
        Limits.Range(body.Rating, 1, 5, "rating");
        Limits.Length(body.Sdk, MaxSdkLength, "sdk");
        Limits.Length(body.SdkVersion, MaxSdkLength, "sdk_version");
        Limits.OptionalLength(body.Reason, MaxReasonLength, "reason");
        Limits.OptionalLength(body.UserSessionId, MaxSdkLength, "user_session_id");
        Limits.Custom(body.Custom, Limits.MaxCustomBytes);
        var feedback = new FeedbackState
        {
            Id = Guid.NewGuid().ToString(),
            Cid = call.Cid,
            SessionId = call.Session?.Id ?? "",
            UserId = request.ActingUserId(),
            Rating = body.Rating,
            Reason = body.Reason ?? "",
            Sdk = body.Sdk,
            SdkVersion = body.SdkVersion,
            Custom = body.Custom ?? [],
            CreatedAt = request.Now,
        };
        store.Feedback.Put(feedback.Id, feedback);
        events.ToWatchers(call, new CallUserFeedbackSubmittedEvent
        {
            CallCid = call.Cid,
            SessionId = feedback.SessionId,
            User = views.User(feedback.UserId),
            Rating = body.Rating,
            Reason = body.Reason,
            Custom = body.Custom,
            Sdk = body.Sdk,
            SdkVersion = body.SdkVersion,
            CreatedAt = request.Now,
        });
        return new CollectUserFeedbackResponse { Duration = request.Duration };
    }

    private QueryUserFeedbackResponse Query(ApiRequest request, QueryUserFeedbackRequest body)
    {
        request.QueryBool("full");
        var matches = Filter.Parse(body.FilterConditions, s_feedback);
        var order = new RowOrder<FeedbackState>(body.Sort, s_feedback, "created_at", -1, MaxSortFields);
        var page = Page.Cut(store.Feedback.Rows.Where(matches), order, body.Limit, body.Next, body.Prev);
        return new QueryUserFeedbackResponse
        {
            UserFeedback = [.. page.Rows.Select(View)],
            Next = page.Next,
            Prev = page.Prev,
            Duration = request.Duration,
        };
    }

    private static UserFeedbackResponse View(FeedbackState feedback) => new()
    {
        Cid = feedback.Cid,
        SessionId = feedback.SessionId,
        UserId = feedback.UserId,
        Rating = feedback.Rating,
        Reason = feedback.Reason,
        Sdk = feedback.Sdk,
        SdkVersion = feedback.SdkVersion,
        Platform = new PlatformDataResponse { Os = new(), Device = new(), Browser = new() },
        Custom = feedback.Custom,
    };
}
