using System.Security.Cryptography;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace StreamGateway.OpenApi;

/// <summary>The API description as it is served: made when it is first asked for, then kept.</summary>
internal sealed class ServedDescription(
    [FromKeyedServices(OpenApiExtensions.DocumentName)] IOpenApiDocumentProvider provider)
{
    private readonly Lock _gate = new();
    private Task<(byte[] Json, EntityTagHeaderValue Tag)>? _made;

    public async Task<IResult> GetAsync(CancellationToken cancellationToken)
    {
        Task<(byte[] Json, EntityTagHeaderValue Tag)> made;
        lock (_gate)
        {
            if (_made is null or { IsFaulted: true })
            {
                _made = Task.Run(MakeAsync, CancellationToken.None);
            }

            made = _made;
        }

        var (json, tag) = await made.WaitAsync(cancellationToken);
        return TypedResults.Bytes(json, "application/json; charset=utf-8", entityTag: tag);
    }

    private async Task<(byte[] Json, EntityTagHeaderValue Tag)> MakeAsync()
    {
        var document = await provider.GetOpenApiDocumentAsync();
        using var json = new MemoryStream();
        await document.SerializeAsJsonAsync(json, OpenApiSpecVersion.OpenApi3_1);
        var bytes = json.ToArray();
        return (bytes, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes)[..8])}\""));
    }
}
