using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using GetStream.Json;

namespace GetStream.Http;

/// <summary>A request body made from a model, in rented memory. Times are written as the API takes them: as text.</summary>
internal sealed class ModelContent<T> : HttpContent
    where T : class, IStreamModel<T>
{
    private static readonly MediaTypeHeaderValue s_json = new("application/json");

    private readonly PooledBuffer _body = new(initialCapacity: 512, limit: int.MaxValue - 1);

    public ModelContent(T value)
    {
        Headers.ContentType = s_json;
        using var writer = new Utf8JsonWriter(_body, StreamJson.WriterOptions);
        value.WriteTo(writer, StreamTimeFormat.Text);
    }

    protected override Task SerializeToStreamAsync(System.IO.Stream stream, TransportContext? context) =>
        stream.WriteAsync(_body.Written).AsTask();

    protected override Task SerializeToStreamAsync(
        System.IO.Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(_body.Written, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Written.Length;
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        _body.Dispose();
        base.Dispose(disposing);
    }
}
