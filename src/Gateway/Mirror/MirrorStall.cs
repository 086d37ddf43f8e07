namespace StreamGateway.Mirror;

/// <summary>Cancels a transfer in which nothing has moved for too long; a slow but living one may take any time.</summary>
internal sealed class MirrorStall : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly TimeSpan _patience;

    public MirrorStall(TimeSpan patience, CancellationToken clientGone)
    {
        _patience = patience;
        _source = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        Moved();
    }

    public CancellationToken Token => _source.Token;

    public void Moved() => _source.CancelAfter(_patience);

    public void Dispose() => _source.Dispose();
}
