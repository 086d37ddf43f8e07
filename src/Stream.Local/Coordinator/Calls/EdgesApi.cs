using GetStream.Http;
using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>The places media servers are at: here, one.</summary>
internal sealed class EdgesApi(ISfu sfu) : IOperationFamily
{
    public void Map(OperationTable operations) =>
        operations.Map<GetEdgesResponse>(ApiOperations.Video.GetEdges, OperationAccess.User, List);

    private GetEdgesResponse List(ApiRequest request) => new()
    {
        Edges =
        [
            new EdgeResponse
            {
                Id = sfu.EdgeName,
                LatencyTestUrl = sfu.Url,
                Green = 1,
                Yellow = 0,
                Red = 0,
                Latitude = 0,
                Longitude = 0,
                ContinentCode = "",
                CountryIsoCode = "",
                SubdivisionIsoCode = "",
            },
        ],
        Duration = request.Duration,
    };
}
