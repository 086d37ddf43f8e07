using System.Globalization;

namespace GetStream.Tests.Json;

public sealed class StreamTimeTests
{
    [Theory]
    [InlineData(0, "1970-01-01T00:00:00Z")]
    [InlineData(1, "1970-01-01T00:00:00.000000001Z")]
    [InlineData(-1, "1969-12-31T23:59:59.999999999Z")]
    [InlineData(1_738_317_600_123_456_789, "2025-01-31T10:00:00.123456789Z")]
    [InlineData(1_738_317_600_120_000_000, "2025-01-31T10:00:00.12Z")]
    [InlineData(long.MaxValue, "2262-04-11T23:47:16.854775807Z")]
    [InlineData(long.MinValue, "1677-09-21T00:12:43.145224192Z")]
    public void Nanoseconds_and_text_are_two_spellings_of_one_instant(long nanoseconds, string text)
    {
        var time = StreamTime.FromUnixNanoseconds(nanoseconds);

        Assert.Equal(text, time.ToString());
        Assert.Equal(time, StreamTime.Parse(text));
        Assert.Equal(nanoseconds, StreamTime.Parse(text).ToUnixNanoseconds());
    }

    [Theory]
    [InlineData("2025-01-31T12:00:00.5+02:00")]
    [InlineData("2025-01-31T00:30:00-09:30")]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59.999999999Z")]
    public void Text_keeps_offset_and_every_digit(string text) =>
        Assert.Equal(text, StreamTime.Parse(text).ToString());

    [Fact]
    public void Offsets_do_not_change_the_instant()
    {
        var there = StreamTime.Parse("2025-01-31T12:00:00.5+02:00");

        Assert.Equal(StreamTime.Parse("2025-01-31T10:00:00.5Z"), there);
        Assert.Equal(TimeSpan.FromHours(2), there.ToDateTimeOffset().Offset);
        Assert.Equal(DateTimeOffset.Parse("2025-01-31T12:00:00.5+02:00", CultureInfo.InvariantCulture), there);
    }

    [Fact]
    public void DateTimeOffset_converts_both_ways_without_loss()
    {
        var before = new DateTimeOffset(1234, 5, 6, 7, 8, 9, TimeSpan.FromMinutes(-90)).AddTicks(1_234_567);

        StreamTime time = before;
        DateTimeOffset after = time;

        Assert.Equal(before, after);
        Assert.Equal(before.Offset, after.Offset);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2025-01-31")]
    [InlineData("2025-01-31T10:00:00")]
    [InlineData("2025-02-30T10:00:00Z")]
    [InlineData("2025-01-31T25:00:00Z")]
    [InlineData("2025-01-31T10:00:00.Z")]
    [InlineData("2025-01-31T10:00:00.1234567890Z")]
    [InlineData("2025-01-31T10:00:00+15:00")]
    [InlineData("2025-01-31T10:00:00+01:60")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("2025-01-31T10:00:00Zx")]
    public void Other_text_is_refused(string text) =>
        Assert.False(StreamTime.TryParse(text, null, out _));
}
