using GetStream.Http;

namespace GetStream;

/// <summary>Operations of moderation.</summary>
public sealed partial class ModerationClient
{
    private readonly ApiRequestor _api;

    internal ModerationClient(ApiRequestor api) => _api = api;
}
