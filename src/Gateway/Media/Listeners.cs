using Microsoft.Extensions.Options;
using StreamGateway.Errors;
using StreamGateway.Server;
using StreamGateway.Settings;

namespace StreamGateway.Media;

/// <summary>Counts who listens and watches, and says when there is no room for another.</summary>
/// <remarks>Safe from any thread.</remarks>
internal sealed class Listeners(IOptions<ListenersOptions> options, ResourceMonitor resources)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _ofSession = [];
    private int _all;

    /// <summary>A place that is held until it is disposed.</summary>
    /// <exception cref="ProblemException">All are taken, or the process is short of something.</exception>
    public IDisposable Enter(string sessionId)
    {
        resources.Require(descriptors: 0);
        lock (_gate)
        {
            var ofSession = _ofSession.GetValueOrDefault(sessionId);
            if (_all >= options.Value.MaxListeners)
            {
                throw Full($"All {options.Value.MaxListeners} listeners' places of the gateway are taken.");
            }

            if (ofSession >= options.Value.MaxPerSession)
            {
                throw Full($"All {options.Value.MaxPerSession} listeners' places of the session are taken.");
            }

            _ofSession[sessionId] = ofSession + 1;
            _all++;
        }

        return new Place(this, sessionId);
    }

    private static ProblemException Full(string detail) => new(ProblemTypes.CapacityExceeded, detail) { RetryAfter = RetryAfter };

    private void Leave(string sessionId)
    {
        lock (_gate)
        {
            _all--;
            if (--_ofSession[sessionId] == 0)
            {
                _ofSession.Remove(sessionId);
            }
        }
    }

    private sealed class Place(Listeners listeners, string sessionId) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                listeners.Leave(sessionId);
            }
        }
    }
}

internal static class ListenersExtensions
{
    public static IServiceCollection AddListeners(this IServiceCollection services) =>
        services.AddSettings<ListenersOptions>(ListenersOptions.Section).AddSingleton<Listeners>();
}
