using System.Text;
using GetStream.Tests.Spec;
using Xunit.Abstractions;

namespace GetStream.Tests.Http;

public sealed class OperationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Every_operation_sends_what_the_facts_say_and_reads_the_full_answer()
    {
        await using var server = await CheckingServer.StartAsync();
        using var client = Client(server.Address);
        var random = new Random(1);
        var text = new RandomText(random);
        var exercised = new HashSet<string>();
        foreach (var call in OperationCalls.All)
        {
            // A NUL is refused by the web server under the checker, whatever it is escaped as.
            var samples = new RecordedSamples(() => text.Next().Replace('\0', '0'), random);
            server.Expected = (Facts.Server.Operation(call.Product, call.Id), samples);

            var answer = await call.SendAsync(client, samples).WaitAsync(s_deadline);

            Assert.True(
                Encoding.UTF8.GetString(server.LastAnswer) == answer,
                $"{call}: sent {Encoding.UTF8.GetString(server.LastAnswer)}\nread {answer}");
            _ = exercised.Add(call.ToString());
        }

        output.WriteLine($"{exercised.Count}/{Facts.Server.Operations.Count} operations");
        Assert.Empty(server.Errors);
        Assert.Equal(420, exercised.Count);
        Assert.Equal(420, server.Requests);
        Assert.Single(server.Tokens);
    }

    [Fact]
    public async Task Answers_carry_status_rate_limit_and_request_id()
    {
        await using var server = await CheckingServer.StartAsync();
        using var client = Client(server.Address);
        server.Expected = (Facts.Server.Operation("video", "GetCall"), Recorded("default", "a"));

        var response = await client.Video.Call("default", "a").GetAsync();

        Assert.Empty(server.Errors);
        Assert.Equal(200, response.Status);
        Assert.Equal(1000, response.RateLimit?.Limit);
        Assert.Equal(999, response.RateLimit?.Remaining);
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 0, TimeSpan.Zero), response.RateLimit?.Reset);
        Assert.Equal("request 1", response.RequestId);
        Assert.True(response.Duration > TimeSpan.Zero);
    }

    [Theory]
    [InlineData("../../x?y=1#z")]
    [InlineData("a/b")]
    [InlineData("%2F")]
    [InlineData("a+b c")]
    [InlineData("ü😀日本")]
    [InlineData("...")]
    public async Task Whatever_an_id_holds_it_stays_one_segment(string id)
    {
        await using var server = await CheckingServer.StartAsync();
        using var client = Client(server.Address);
        server.Expected = (Facts.Server.Operation("video", "GetCall"), Recorded("default", id));

        _ = await client.Video.GetCallAsync("default", id);

        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    public void Ids_that_no_path_can_carry_are_refused_before_anything_is_sent(string id)
    {
        using var client = Client(new Uri("http://127.0.0.1:9"));

        var refusal = Assert.Throws<ArgumentException>(() => { _ = client.Video.GetCallAsync("default", id); });

        Assert.Equal("id", refusal.ParamName);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused_rather_than_replaced()
    {
        using var client = Client(new Uri("http://127.0.0.1:9"));

        _ = Assert.Throws<ArgumentException>(() => { _ = client.Video.GetCallAsync("default", "half \ud800 pair"); });
    }

    [Fact]
    public void A_comma_in_a_list_of_texts_is_refused_rather_than_read_as_two()
    {
        using var client = Client(new Uri("http://127.0.0.1:9"));

        _ = Assert.Throws<ArgumentException>(() =>
        {
            _ = client.Chat.GetManyMessagesAsync("messaging", "a", new Models.GetManyMessagesQuery { Ids = ["a,b"] });
        });
    }

    internal static StreamClient Client(Uri address) => new(new StreamClientOptions
    {
        ApiKey = CheckingServer.ApiKey,
        ApiSecret = CheckingServer.ApiSecret,
        BaseUrl = address,
    });

    private static RecordedSamples Recorded(params string[] path)
    {
        var samples = new RecordedSamples(() => "", new Random(1));
        samples.PathValues.AddRange(path);
        return samples;
    }
}
