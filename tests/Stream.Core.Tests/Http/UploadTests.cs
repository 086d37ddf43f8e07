using System.Net;
using GetStream.Http;

namespace GetStream.Tests.Http;

/// <remarks>Alone, since it counts what the whole process allocates.</remarks>
[Collection(nameof(UploadTests))]
[CollectionDefinition(nameof(UploadTests), DisableParallelization = true)]
public sealed class UploadTests
{
    [Fact]
    public async Task A_stream_that_cannot_seek_is_sent_while_it_is_read()
    {
        const int Size = 64 * 1024 * 1024;
        long received = 0;
        using var handler = new CountingHandler(count => received += count);
        using var http = new HttpClient(handler);
        using var client = new StreamClient(
            new StreamClientOptions { ApiKey = "key", ApiSecret = "secret", BaseUrl = new Uri("http://api.test") }, http);
        var file = new ForwardOnly(Size);
        var before = GC.GetTotalAllocatedBytes();

        _ = await client.Common.UploadFileAsync(new StreamFile(file, "big.bin"));

        Assert.True(received > Size);
        Assert.False(file.IsDisposed);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 8 * 1024 * 1024);
    }

    private sealed class CountingHandler(Action<int> count) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await request.Content!.CopyToAsync(new Sink(count), cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.Created) { Content = new StringContent("""{"duration":"1ms"}""", null, "application/json") };
        }
    }

    private sealed class Sink(Action<int> count) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int length) => count(length);

        public override void Write(ReadOnlySpan<byte> buffer) => count(buffer.Length);

        public override Task WriteAsync(byte[] buffer, int offset, int length, CancellationToken cancellationToken)
        {
            count(length);
            return Task.CompletedTask;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            count(buffer.Length);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class ForwardOnly(long size) : Stream
    {
        private long _left = size;

        public bool IsDisposed { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var given = (int)Math.Min(count, _left);
            _left -= given;
            return given;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
