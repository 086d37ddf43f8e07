using System.Collections.Concurrent;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Publications;

/// <summary>The publications that requests of this process feed, so that another request can stop one.</summary>
internal sealed class PublicationRegistry
{
    private readonly ConcurrentDictionary<(string SessionId, string Name), RtcPublication> _running = new();

    /// <summary>Lists a publication until the returned scope is disposed.</summary>
    public Entry Add(string sessionId, RtcPublication publication)
    {
        // The native library refuses a second publication of a name, so one found here has ended already.
        _running[(sessionId, publication.Name)] = publication;
        return new Entry(this, sessionId, publication);
    }

    public RtcPublication? Find(string sessionId, string name) => _running.GetValueOrDefault((sessionId, name));

    internal readonly struct Entry(PublicationRegistry registry, string sessionId, RtcPublication publication) : IDisposable
    {
        public void Dispose() =>
            registry._running.TryRemove(KeyValuePair.Create((sessionId, publication.Name), publication));
    }
}
