using System.Text;
using StreamGateway.Events;

namespace StreamGateway.Tests.Events;

public sealed class SseEventIdTests
{
    [Theory]
    [InlineData(1u, 0L, "00000001-0")]
    [InlineData(0x7f3cu, 128L, "00007f3c-128")]
    [InlineData(uint.MaxValue, long.MaxValue, "ffffffff-9223372036854775807")]
    public void Format_ThenParse_GivesTheSameId(uint epoch, long position, string text)
    {
        var id = new SseEventId(epoch, position);
        Span<byte> bytes = stackalloc byte[SseEventId.MaximumLength];

        Assert.Equal(text, id.ToString());
        Assert.Equal(text, Encoding.UTF8.GetString(bytes[..id.Format(bytes)]));
        Assert.True(SseEventId.TryParse(text, out var parsed));
        Assert.Equal(id, parsed);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("7f3c")]
    [InlineData("7f3c-")]
    [InlineData("7f3c--1")]
    [InlineData("xyz-1")]
    [InlineData("7f3c-99999999999999999999")]
    [InlineData("123456789-1")]
    public void TryParse_AnythingElse_IsRefused(string? text) => Assert.False(SseEventId.TryParse(text, out _));
}
