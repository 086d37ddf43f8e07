using GetStream.Http;

namespace GetStream;

/// <summary>Operations of chat.</summary>
public sealed partial class ChatClient
{
    private readonly ApiRequestor _api;

    internal ChatClient(ApiRequestor api) => _api = api;
}
