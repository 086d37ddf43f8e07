using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace StreamGateway.Connections;

/// <summary>A connection that holds one of the gate's places until it is disposed.</summary>
/// <remarks>Safe from any thread: the server's, the request's, and the gate's own.</remarks>
internal sealed class OpenConnection : ConnectionContext, IStallTimeoutFeature, IUnreadAnswerFeature
{
    private const long Gone = -1;
    private static readonly TimeSpan ResetFollows = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ResetPause = TimeSpan.FromMilliseconds(10);

    private readonly ConnectionContext _inner;
    private readonly ConnectionGate _gate;
    private readonly TimeProvider _time;
    private readonly Socket? _socket;
    private readonly WatchedWriter _output;
    private readonly TimeSpan _usualStallTimeout;
    private TimeSpan _stallTimeout;
    private Unread? _unread;
    private int _requests;
    private long _idleSince;
    private long _closingSince; // 0 until it was asked to close, Gone once it has left
    private int _disposed;

    public OpenConnection(ConnectionContext inner, ConnectionGate gate, TimeSpan stallTimeout, TimeProvider time)
    {
        _inner = inner;
        _gate = gate;
        _time = time;
        _usualStallTimeout = _stallTimeout = stallTimeout;
        _idleSince = time.GetTimestamp();
        _socket = inner.Features.Get<IConnectionSocketFeature>()?.Socket;
        _output = new WatchedWriter(inner.Transport.Output, Ending, time);
        inner.Transport = new Duplex(new WatchedReader(inner.Transport.Input, () => _unread is not null, InputEndedAsync), _output);
        inner.Features.Set(this);
        inner.Features.Set<IStallTimeoutFeature>(this);
        inner.Features.Set<IUnreadAnswerFeature>(this);
        if (_socket is not null)
        {
            TcpOptions.BoundUnsent(_socket);
            TcpOptions.SetStallTimeout(_socket, stallTimeout);
        }
    }

    public override string ConnectionId { get => _inner.ConnectionId; set => _inner.ConnectionId = value; }

    public override IFeatureCollection Features => _inner.Features;

    public override IDictionary<object, object?> Items { get => _inner.Items; set => _inner.Items = value; }

    public override IDuplexPipe Transport { get => _inner.Transport; set => _inner.Transport = value; }

    public override EndPoint? LocalEndPoint { get => _inner.LocalEndPoint; set => _inner.LocalEndPoint = value; }

    public override EndPoint? RemoteEndPoint { get => _inner.RemoteEndPoint; set => _inner.RemoteEndPoint = value; }

    public override CancellationToken ConnectionClosed { get => _inner.ConnectionClosed; set => _inner.ConnectionClosed = value; }

    public TimeSpan StallTimeout
    {
        get => _stallTimeout;
        set
        {
            if (_stallTimeout == value)
            {
                return;
            }

            _stallTimeout = value;
            if (_socket is not null)
            {
                TcpOptions.SetStallTimeout(_socket, value);
            }
        }
    }

    /// <value>Whether the head of a request has ever come.</value>
    public bool HasSpoken { get; private set; }

    public bool IsIdle => Volatile.Read(ref _requests) == 0;

    public bool IsClosing => Volatile.Read(ref _closingSince) != 0;

    public TimeSpan IdleFor => IsIdle ? _time.GetElapsedTime(Volatile.Read(ref _idleSince)) : TimeSpan.Zero;

    public TimeSpan ClosingFor =>
        Volatile.Read(ref _closingSince) is var since and > 0 ? _time.GetElapsedTime(since) : TimeSpan.Zero;

    public bool IsStalled => _output.WaitingFor > _stallTimeout;

    public void BeginRequest()
    {
        Interlocked.Increment(ref _requests);
        HasSpoken = true;
        _unread = null;
    }

    public void EndRequest()
    {
        StallTimeout = _usualStallTimeout;
        Volatile.Write(ref _idleSince, _time.GetTimestamp());
        Interlocked.Decrement(ref _requests);
    }

    public void OnReset(TimeSpan within, Action action) => _unread = new Unread(_time.GetTimestamp(), within, action);

    /// <summary>Closes an idle connection: one in use for requests after any that is on its way, another at once.</summary>
    /// <returns>Whether it was open, and nobody had asked before.</returns>
    public bool TryClose()
    {
        if (Interlocked.CompareExchange(ref _closingSince, _time.GetTimestamp(), 0) != 0)
        {
            return false;
        }

        if (HasSpoken && Features.Get<IConnectionLifetimeNotificationFeature>() is { } lifetime)
        {
            lifetime.RequestClose();
        }
        else
        {
            Abort(new ConnectionAbortedException("The connection gave way to another."));
        }

        return true;
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _output.End();
        _inner.Abort(abortReason);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _output.End();
        try
        {
            await base.DisposeAsync();
            await _inner.DisposeAsync();
        }
        finally
        {
            _gate.Leave(this, wasClosing: Interlocked.Exchange(ref _closingSince, Gone) > 0);
        }
    }

    private async Task InputEndedAsync(Exception? end)
    {
        if (_unread is not null && (end is ConnectionResetException || await IsResetSoonAsync()))
        {
            TellOfReset();
        }
    }

    /// <summary>The server may hear of a reset, and end the connection, before whoever reads: nothing would tell of it then.</summary>
    private void Ending()
    {
        if (_unread is not null && IsReset())
        {
            TellOfReset();
        }
    }

    /// <summary>Many clients say goodbye before they close; the reset that tells of unread bytes comes right behind.</summary>
    private async Task<bool> IsResetSoonAsync()
    {
        var endedAt = _time.GetTimestamp();
        while (!IsReset())
        {
            if (_time.GetElapsedTime(endedAt) > ResetFollows)
            {
                return false;
            }

            await Task.Delay(ResetPause, _time);
        }

        return true;
    }

    private bool IsReset() => _socket is not null && TcpOptions.IsGone(_socket) && !_output.IsEnded;

    private void TellOfReset()
    {
        if (Interlocked.Exchange(ref _unread, null) is { } unread && _time.GetElapsedTime(unread.Since) <= unread.Within + ResetFollows)
        {
            unread.Action();
        }
    }

    private sealed record Unread(long Since, TimeSpan Within, Action Action);

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
