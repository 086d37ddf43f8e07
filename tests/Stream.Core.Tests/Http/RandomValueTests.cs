using System.Net;
using System.Net.Http.Headers;
using GetStream.Tests.Spec;
using Xunit.Abstractions;

namespace GetStream.Tests.Http;

public sealed class RandomValueTests(ITestOutputHelper output)
{
    private const int Values = 1_000_000;

    [Fact]
    public async Task A_million_random_values_arrive_as_they_were_given()
    {
        using var handler = new TargetHandler();
        using var http = new HttpClient(handler);
        using var client = new StreamClient(
            new StreamClientOptions { ApiKey = "key", ApiSecret = "secret", BaseUrl = new Uri("http://api.test") }, http);
        var random = new Random(20260102);
        var text = new RandomText(random);
        var operations = OperationCalls.All
            .Select(call => (Call: call, Operation: Facts.Server.Operation(call.Product, call.Id)))
            .Where(pair => pair.Operation.TryGetProperty("path_params", out _) || pair.Operation.TryGetProperty("query_params", out _))
            .Where(pair => !pair.Operation.TryGetProperty("content_type", out _))
            .ToList();

        var sent = 0;
        while (sent < Values)
        {
            foreach (var (call, operation) in operations)
            {
                var samples = new RecordedSamples(text.Next, random);
                handler.AnswerWith(operation.GetProperty("response").GetString()!);

                _ = await call.SendAsync(client, samples);

                var differences = RawTarget.Parse(handler.LastTarget).Differences(operation, samples).ToList();
                Assert.True(differences.Count is 0, $"{call} after {sent} values: {string.Join("; ", differences)}");
                sent += samples.PathValues.Count + samples.QueryValues.Count;
            }
        }

        output.WriteLine($"{sent} values over {operations.Count} operations, 0 mismatches");
    }

    /// <summary>Keeps the target of the last request and answers without a network.</summary>
    private sealed class TargetHandler : HttpMessageHandler
    {
        private static readonly MediaTypeHeaderValue s_json = new("application/json");

        private readonly SampleWriter _samples = new(Facts.Server, new SampleOptions(RequiredOnly: true));
        private readonly Dictionary<string, byte[]> _answers = [];
        private byte[] _answer = [];

        public string LastTarget { get; private set; } = "";

        public void AnswerWith(string type)
        {
            if (!_answers.TryGetValue(type, out var answer))
            {
                _answers[type] = answer = _samples.Write(type);
            }

            _answer = answer;
        }

        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            LastTarget = request.RequestUri!.PathAndQuery;
            var content = new ByteArrayContent(_answer);
            content.Headers.ContentType = s_json;
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = content });
        }
    }
}
