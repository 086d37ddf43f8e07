using System.Text;
using StreamGateway.Native.Interop;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class TagCacheTests
{
    private readonly TagCache _cache = new();

    [Theory]
    [InlineData("")]
    [InlineData("echo")]
    [InlineData("größe.ändern")]
    public void Tag_IsKeptWithItsNul(string tag)
    {
        var first = _cache.Find(tag);

        Assert.Equal(Encoding.UTF8.GetBytes(tag + "\0"), first);
        Assert.Same(first, _cache.Find(tag));
        Assert.Equal(first, _cache.Find(Encoding.UTF8.GetBytes(tag)));
    }

    [Fact]
    public void Tags_WithTheSameEnds_AreNotMixedUp()
    {
        foreach (var tag in new[] { "a1z", "a2z", "a3z", "a4z" })
        {
            Assert.Equal(Encoding.UTF8.GetBytes(tag + "\0"), _cache.Find(tag));
        }

        Assert.Null(_cache.Find("a5z"));
        Assert.Equal("a2z\0"u8.ToArray(), _cache.Find("a2z"u8));
    }

    [Fact]
    public void Tags_WithoutEnd_AreNotAllKept()
    {
        var kept = Enumerable.Range(0, 10_000).Count(number => _cache.Find($"tag.{number}") is not null);

        Assert.InRange(kept, 1, 128);
    }

    [Fact]
    public void LongTag_IsNotKept() => Assert.Null(_cache.Find(new string('x', 300)));

    [Fact]
    public void Nul_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => _cache.Find("a\0b"));
        Assert.Throws<ArgumentException>(() => _cache.Find("a\0b"u8));
    }
}
