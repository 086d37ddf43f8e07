using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Application;

/// <summary>How often operations may still be called. All platforms share one allowance here.</summary>
internal sealed class RateLimitsApi(OperationTable operations, RateLimits limits) : IOperationFamily
{
    private const int MaxEndpoints = 500;

    public void Map(OperationTable operations) =>
        operations.Map<GetRateLimitsResponse>(ApiOperations.Common.GetRateLimits, OperationAccess.Server, Get);

    /// <summary>Of the platforms and endpoints the request names; of all when it names none.</summary>
    private GetRateLimitsResponse Get(ApiRequest request)
    {
        var (server, android, ios, web, unity) = (
            request.QueryBool("server_side"), request.QueryBool("android"), request.QueryBool("ios"),
            request.QueryBool("web"), request.QueryBool("unity"));
        var all = !(server || android || ios || web || unity);
        var found = Endpoints(request).ToDictionary(name => name, limits.Of);
        return new GetRateLimitsResponse
        {
            ServerSide = all || server ? found : null,
            Android = all || android ? found : null,
            Ios = all || ios ? found : null,
            Web = all || web ? found : null,
            Unity = all || unity ? found : null,
            Duration = request.Duration,
        };
    }

    private List<string> Endpoints(ApiRequest request)
    {
        var known = operations.Served.Keys.Select(operation => operation.Id).ToHashSet(StringComparer.Ordinal);
        if (request.Query("endpoints") is not { } list)
            return [.. known.Order(StringComparer.Ordinal)];
        var asked = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Limits.Count(asked.Length, MaxEndpoints, "endpoints");
        return asked.FirstOrDefault(name => !known.Contains(name)) is { } unknown
            ? throw ApiException.InvalidField("endpoints", $"names \"{Shortened.Text(unknown)}\", which is not served")
            : [.. asked.Distinct()];
    }
}
