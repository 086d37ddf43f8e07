using Microsoft.Extensions.Logging;

namespace StreamGateway.Native.StressHost;

/// <summary>Counts lines, and throws now and then, as loggers may.</summary>
internal sealed class CountingLoggers : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new CountingLogger();

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private sealed class CountingLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            SignalStorm.Register(); // on a thread of the library, maybe
            if (Interlocked.Increment(ref Figures.LogLines) % 1000 == 0)
            {
                throw new InvalidOperationException("A logger that throws.");
            }
        }
    }
}
