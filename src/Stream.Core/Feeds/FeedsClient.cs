using GetStream.Http;

namespace GetStream;

/// <summary>Operations of activity feeds.</summary>
public sealed partial class FeedsClient
{
    private readonly ApiRequestor _api;

    internal FeedsClient(ApiRequestor api) => _api = api;
}
