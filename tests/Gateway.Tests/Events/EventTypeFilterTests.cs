using StreamGateway.Events;

namespace StreamGateway.Tests.Events;

public sealed class EventTypeFilterTests
{
    [Theory]
    [InlineData(null, "anything", true)]
    [InlineData("", "anything", true)]
    [InlineData("joined,left", "left", true)]
    [InlineData("joined, left", "left", true)]
    [InlineData("joined,left", "participant_left", false)]
    [InlineData("call.*", "call.ended", true)]
    [InlineData("call.*", "call_ended", false)]
    [InlineData("track_*", "track_published", true)]
    [InlineData("*", "track_published", true)]
    [InlineData("Joined", "joined", false)]
    [InlineData(null, "rtc_packet", false)]
    [InlineData("*,rtc_*", "rtc_packet", false)]
    [InlineData("joined,rtc_packet", "rtc_packet", true)]
    public void Matches(string? types, string type, bool expected) =>
        Assert.Equal(expected, EventTypeFilter.Parse(types)!.Matches(type));

    [Fact]
    public void Parse_EmptyName_IsRefused() => Assert.Null(EventTypeFilter.Parse("a,,b"));

    [Fact]
    public void Parse_OverlongName_IsRefused() => Assert.Null(EventTypeFilter.Parse(new string('a', 101)));

    [Fact]
    public void Parse_TooManyNames_IsRefused() => Assert.Null(EventTypeFilter.Parse(string.Join(',', Enumerable.Repeat("a", 51))));
}
