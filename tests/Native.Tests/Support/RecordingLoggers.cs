using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace StreamGateway.Native.Tests.Support;

internal sealed record LogLine(string Category, LogLevel Level, int EventId, string Text);

/// <summary>Keeps every line logged, and lets a test wait for one.</summary>
internal sealed class RecordingLoggers : ILoggerFactory
{
    private readonly ConcurrentQueue<LogLine> _lines = new();
    private readonly SemaphoreSlim _added = new(0);

    internal IReadOnlyCollection<LogLine> Lines => _lines;

    /// <summary>Runs inside every log call.</summary>
    internal Action<LogLine>? OnLine { get; set; }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    internal async Task<LogLine> WaitForAsync(Func<LogLine, bool> match, int count = 1)
    {
        using var deadline = new CancellationTokenSource(Deadlines.Wait);
        while (true)
        {
            if (_lines.Where(match).ElementAtOrDefault(count - 1) is { } line)
            {
                return line;
            }

            await _added.WaitAsync(deadline.Token);
        }
    }

    private void Add(LogLine line)
    {
        _lines.Enqueue(line);
        _added.Release();
        OnLine?.Invoke(line);
    }

    private sealed class Logger(RecordingLoggers owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner.Add(new LogLine(category, logLevel, eventId.Id, formatter(state, exception)));
    }
}
