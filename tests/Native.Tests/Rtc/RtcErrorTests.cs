using System.Text.RegularExpressions;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Native.Tests.Rtc;

public sealed partial class RtcErrorTests
{
    [Fact]
    public void Every_kind_has_a_name_of_its_own()
    {
        var kinds = Enum.GetValues<RtcError>().Where(kind => kind != RtcError.Unknown).ToArray();

        Assert.All(kinds, kind => Assert.Equal(kind, RtcErrorNames.Parse(RtcErrorNames.NameOf(kind))));
        Assert.Equal(kinds.Length, kinds.Select(RtcErrorNames.NameOf).Distinct().Count());
    }

    [Fact]
    public void Every_kind_of_the_manual_is_known()
    {
        var manual = File.ReadAllText(Path.Combine(RepositoryRoot(), "native-build", "commands.md"));
        var table = manual[manual.IndexOf("## Kinds of error", StringComparison.Ordinal)..];
        var names = table.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Code().Matches(line.Split('|')[1]).Select(match => match.Groups[1].Value)).ToArray();

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.NotEqual(RtcError.Unknown, RtcErrorNames.Parse(name)));
    }

    [Fact]
    public void Details_become_kind_stage_and_upstream_answer()
    {
        var exception = RtcErrorReader.Read(new PluginException(PluginErrorCode.HandlerError, "no such call")
        {
            Tag = "rtc.join",
            Details = """{"kind":"call_not_found","stage":"coordinator","stream":{"status":404,"code":16,"message":"m","more_info":"i"},"later":1}""",
        });

        Assert.Equal(RtcError.CallNotFound, exception.Kind);
        Assert.Equal(("call_not_found", "coordinator", "rtc.join", "no such call"), (exception.KindName, exception.Stage, exception.Command, exception.Message));
        Assert.Equal(new RtcStreamError(404, 16, "m", "i"), exception.Stream);
        Assert.Null(exception.Sfu);
    }

    [Fact]
    public void Unknown_kind_keeps_its_name()
    {
        var exception = RtcErrorReader.Read(new PluginException(PluginErrorCode.HandlerError, "m") { Details = """{"kind":"brand_new"}""" });

        Assert.Equal((RtcError.Unknown, "brand_new"), (exception.Kind, exception.KindName));
    }

    [Theory]
    [InlineData(PluginErrorCode.TooManyRequests, RtcError.CapacityExceeded)]
    [InlineData(PluginErrorCode.SerializationError, RtcError.InvalidArgument)]
    [InlineData(PluginErrorCode.Cancelled, RtcError.Cancelled)]
    [InlineData(PluginErrorCode.Timeout, RtcError.DeadlineExceeded)]
    [InlineData(PluginErrorCode.Internal, RtcError.Internal)]
    [InlineData((PluginErrorCode)99, RtcError.Internal)]
    public void Without_details_the_code_decides(PluginErrorCode code, RtcError kind) =>
        Assert.Equal(kind, RtcErrorReader.Read(new PluginException(code, "m")).Kind);

    [Fact]
    public void Details_that_are_no_details_are_ignored() =>
        Assert.Equal(RtcError.Internal, RtcErrorReader.Read(new PluginException(PluginErrorCode.Internal, "m") { Details = "[1]" }).Kind);

    private static string RepositoryRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Gateway.sln")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("Gateway.sln");
        }

        return directory;
    }

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex Code();
}
