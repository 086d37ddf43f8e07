using GetStream.Http;

namespace GetStream;

/// <summary>What all products share: users, devices, polls, files, imports, roles and the application itself.</summary>
public sealed partial class CommonClient
{
    private readonly ApiRequestor _api;

    internal CommonClient(ApiRequestor api) => _api = api;
}
