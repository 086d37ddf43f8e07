using GetStream.Http;
using GetStream.Local.Tests.Support;

namespace GetStream.Local.Tests.KeptOperations;

/// <summary>Every operation that is kept, called well and badly through the typed client.</summary>
public sealed class KeptOperationsTests(KeptOperationsTests.SharedServer server) : IClassFixture<KeptOperationsTests.SharedServer>
{
    private static readonly Dictionary<string, OperationCase> s_cases =
        new(UserCases.All.Concat(ApplicationCases.All).Concat(VideoCases.All));

    public static TheoryData<string> Operations { get; } = [.. s_cases.Keys.Order(StringComparer.Ordinal)];

    [Fact]
    public void Each_operation_that_is_served_has_a_case() => Assert.Equal(
        server.Stream.Served.Keys.Select(operation => operation.Id).Order(StringComparer.Ordinal),
        s_cases.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_good_call_is_answered(string id)
    {
        var status = await s_cases[id].Good(await Scenario.CreateAsync(server.Stream));

        Assert.Equal(Operation(id).Status, status);
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_bad_call_is_refused_with_Streams_code(string id)
    {
        var scenario = await Scenario.CreateAsync(server.Stream);

        var refused = await Assert.ThrowsAsync<StreamApiException>(() => s_cases[id].Bad(scenario));

        Assert.Equal(StreamErrorKind.Api, refused.Kind);
        Assert.Equal((s_cases[id].Status, s_cases[id].Code), (refused.Status, refused.Code));
        Assert.StartsWith($"{id} failed with error: ", refused.Error!.Message, StringComparison.Ordinal);
        Assert.True(refused.RateLimit is { Limit: > 0 }, "an answer without its rate limit");
    }

    private static ApiOperation Operation(string id) =>
        ApiOperations.All.Concat(ApiOperations.ClientSide).Single(operation => operation.Id == id);

    public sealed class SharedServer : IAsyncLifetime
    {
        internal LocalStream Stream { get; private set; } = null!;

        public async Task InitializeAsync() => Stream = await LocalStream.StartAsync(new LocalStreamOptions { MaxCallTypes = 1_000 });

        public async Task DisposeAsync() => await Stream.DisposeAsync();
    }
}
