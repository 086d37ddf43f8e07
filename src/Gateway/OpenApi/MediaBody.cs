namespace StreamGateway.OpenApi;

/// <summary>Marks an endpoint whose request body is a stream of media, for the API description.</summary>
internal sealed class MediaBody(IEnumerable<string> contentTypes)
{
    public IReadOnlyList<string> ContentTypes { get; } = contentTypes.ToList();
}
