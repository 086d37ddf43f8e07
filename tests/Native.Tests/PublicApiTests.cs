using StreamGateway.Native.Hosting;
using StreamGateway.Tests;

namespace StreamGateway.Native.Tests;

public sealed class PublicApiTests
{
    /// <summary>What others compile against changes with its listing only. <c>APPROVE_API=1</c> writes the listing.</summary>
    [Fact]
    public void Public_members_are_those_of_the_listing() => Assert.Empty(PublicApi.Differences(
        "src/Native/PublicApi.txt",
        // What protoc makes of events.proto has its own record there.
        PublicApi.List(typeof(IPlugin).Assembly, type => type.Namespace != "StreamGateway.Native.Rtc.V1")));
}
