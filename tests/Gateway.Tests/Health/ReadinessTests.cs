using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using StreamGateway.Health;

namespace StreamGateway.Tests.Health;

public sealed class ReadinessTests
{
    [Fact]
    public async Task Who_asks_and_goes_away_has_no_part_in_what_others_are_told()
    {
        using var stream = new SlowStream();
        using var gateway = new GatewayApplication().With(services =>
            services.AddHttpClient(nameof(StreamHealthCheck)).ConfigurePrimaryHttpMessageHandler(() => stream));
        using var impatient = new CancellationTokenSource();

        var first = gateway.Http.GetAsync("/health/ready", impatient.Token);
        await stream.Asked.WithTimeout();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var second = gateway.Http.GetAsync("/health/ready");
        stream.Answer();
        using var answer = await second.WithTimeout();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1, stream.Requests);
    }

    /// <summary>A Stream that answers when the test says so.</summary>
    private sealed class SlowStream : HttpMessageHandler
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _requests;

        public Task Asked => _asked.Task;

        public int Requests => Volatile.Read(ref _requests);

        public void Answer() => _answer.TrySetResult();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _requests);
            _asked.TrySetResult();
            await _answer.Task.WaitAsync(cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
