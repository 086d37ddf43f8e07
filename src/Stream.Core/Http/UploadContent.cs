using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using GetStream.Json;

namespace GetStream.Http;

/// <summary>Makes the multipart body of an upload: the file, and every other property of the request as JSON.</summary>
internal static class UploadContent
{
    private const string FileField = "file";

    public static MultipartFormDataContent Create<T>(StreamFile file, T? fields)
        where T : class, IStreamModel<T>
    {
        var form = new MultipartFormDataContent();
        if (fields is not null)
        {
            AddFields(form, fields);
        }

        // The caller's stream stays the caller's: the form must not dispose it.
        var content = new StreamContent(new LeftOpen(file.Content));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(file.ContentType);
        form.Add(content, FileField, file.FileName);
        return form;
    }

    private static void AddFields<T>(MultipartFormDataContent form, T fields)
        where T : class, IStreamModel<T>
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, StreamJson.WriterOptions))
        {
            fields.WriteTo(writer, StreamTimeFormat.Text);
        }

        using var json = JsonDocument.Parse(buffer.WrittenMemory);
        foreach (var property in json.RootElement.EnumerateObject())
        {
            if (property.Name is FileField)
            {
                continue;
            }

            var text = property.Value.ValueKind is JsonValueKind.String
                ? property.Value.GetString()!
                : property.Value.GetRawText();
            form.Add(new StringContent(text), property.Name);
        }
    }

    /// <summary>Reads from a stream without owning it.</summary>
    private sealed class LeftOpen(System.IO.Stream inner) : System.IO.Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => inner.CanSeek;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => inner.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => inner.Read(buffer);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            inner.ReadAsync(buffer, offset, count, cancellationToken);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void Flush() => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
