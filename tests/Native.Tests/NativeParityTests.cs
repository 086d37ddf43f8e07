using System.Reflection;
using System.Text.RegularExpressions;
using StreamGateway.Tests;

namespace StreamGateway.Native.Tests;

/// <summary>docs/native-parity.md: complete, and true about the tests it names.</summary>
public sealed partial class NativeParityTests
{
    private static readonly HashSet<string> Tests =
    [
        .. typeof(NativeParityTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(method => method.GetCustomAttributes<FactAttribute>().Any())
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}"),
    ];

    [Theory]
    [InlineData("C#", 86)]
    [InlineData("Python", 93)]
    public void Every_behaviour_of_a_host_has_a_row(string host, int count)
    {
        var section = Page().Split($"## Tests of the {host} host")[1].Split("\n## ")[0];

        var numbers = Row().Matches(section).Select(row => int.Parse(row.Groups["number"].Value)).ToList();

        Assert.Equal(Enumerable.Range(1, count), numbers);
    }

    [Fact]
    public void Every_row_names_a_test_that_exists_or_says_why_there_is_none()
    {
        var wrong = Row().Matches(Page())
            .Where(row => !IsAnswered(row.Groups["answer"].Value))
            .Select(row => row.Value)
            .ToList();

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_class_of_tests_that_is_named_exists()
    {
        var classes = Tests.Select(test => test.Split('.')[0]).ToHashSet();

        var missing = Code().Matches(Page()).Select(match => match.Groups["code"].Value)
            .Where(code => code.EndsWith("Tests", StringComparison.Ordinal) && code != "tests/Native.Tests" && !classes.Contains(code));

        Assert.Empty(missing);
    }

    private static bool IsAnswered(string answer)
    {
        var named = Code().Matches(answer).Select(match => match.Groups["code"].Value).Where(code => code.Contains('.')).ToList();
        var explained = answer.StartsWith("not here: ", StringComparison.Ordinal) || answer.StartsWith("not the same on purpose: ", StringComparison.Ordinal);
        return named.All(Tests.Contains) && (named.Count > 0 || explained);
    }

    private static string Page() => File.ReadAllText(Path.Combine(RepositoryFolder.Path, "docs/native-parity.md"));

    [GeneratedRegex(@"^\| (?<number>\d+) \| [^|]+ \| (?<answer>[^|]+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<code>[^`]+)`")]
    private static partial Regex Code();
}
