using GetStream.Http;

namespace GetStream;

/// <summary>Operations of video and audio calls.</summary>
public sealed partial class VideoClient
{
    private readonly ApiRequestor _api;

    internal VideoClient(ApiRequestor api) => _api = api;
}
