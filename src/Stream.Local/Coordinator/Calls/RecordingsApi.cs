using GetStream.Http;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>What was recorded of a call: nothing, for the embedded Stream has no recorder.</summary>
internal sealed class RecordingsApi(CallDirectory calls) : IOperationFamily
{
    public void Map(OperationTable operations)
    {
        operations.Map<ListRecordingsResponse>(
            ApiOperations.Video.ListRecordings, OperationAccess.User, ListRecordings);
        operations.Map<ListTranscriptionsResponse>(
            ApiOperations.Video.ListTranscriptions, OperationAccess.User, ListTranscriptions);
    }

    private ListRecordingsResponse ListRecordings(ApiRequest request)
    {
        calls.Get(request, Capabilities.ReadCall);
        return new ListRecordingsResponse { Recordings = [], Duration = request.Duration };
    }

    private ListTranscriptionsResponse ListTranscriptions(ApiRequest request)
    {
        calls.Get(request, Capabilities.ReadCall);
        return new ListTranscriptionsResponse { Transcriptions = [], Duration = request.Duration };
    }
}
