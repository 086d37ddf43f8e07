using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StreamGateway.Connections;

/// <summary>Kestrel's own sockets behind a <see cref="ConnectionGate"/>.</summary>
internal sealed class BoundedListenerFactory(
    SocketTransportFactory sockets, IOptions<KestrelServerOptions> kestrel, IServiceProvider services)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => sockets.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        // Not before: a setting that is wrong is then told by the start, where all are checked.
        var gate = services.GetRequiredService<ConnectionGate>();
        kestrel.Value.Limits.RequestHeadersTimeout = services.GetRequiredService<ConnectionLimits>().FirstRequestTimeout;
        // It counts what buffers take as taken by the client: whoever was sent a megabyte could stall for an hour.
        kestrel.Value.Limits.MinResponseDataRate = null;
        return new Listener(await sockets.BindAsync(endpoint, cancellationToken), gate);
    }

    private sealed class Listener(IConnectionListener inner, ConnectionGate gate) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unbound.Token);
            try
            {
                return await gate.AcceptAsync(inner, either.Token);
            }
            catch (OperationCanceledException) when (_unbound.IsCancellationRequested)
            {
                return null;
            }
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await inner.UnbindAsync(cancellationToken);
            await _unbound.CancelAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            await _unbound.CancelAsync();
        }
    }
}
