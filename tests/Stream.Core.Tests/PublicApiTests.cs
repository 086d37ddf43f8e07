using System.Text.RegularExpressions;
using StreamGateway.Tests;

namespace GetStream.Tests;

public sealed partial class PublicApiTests
{
    /// <summary>What others compile against changes with its listing only. <c>APPROVE_API=1</c> writes the listing.</summary>
    /// <remarks>Of what is generated, the diff of the API description is the record.</remarks>
    [Fact]
    public void Public_members_written_by_hand_are_those_of_the_listing()
    {
        var generated = Directory.EnumerateFiles(Path.Combine(RepositoryFolder.Path, "src/Stream.Core/Generated"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Declaration().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups["name"].Value)
            .ToHashSet();

        Assert.Empty(PublicApi.Differences(
            "src/Stream.Core/PublicApi.txt", PublicApi.List(typeof(StreamClient).Assembly, type => !generated.Contains(type.Name))));
    }

    [GeneratedRegex(@"^public [a-z ]*(class|struct|enum|record) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
