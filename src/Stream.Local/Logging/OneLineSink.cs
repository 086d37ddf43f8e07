using Serilog.Core;
using Serilog.Events;

namespace GetStream.Local.Logging;

/// <summary>Writes out the control characters of whatever an event holds, then hands it on.</summary>
internal sealed class OneLineSink(ILogEventSink next) : ILogEventSink, IDisposable, IAsyncDisposable
{
    public void Emit(LogEvent logEvent)
    {
        foreach (var (name, value) in logEvent.Properties.ToArray())
        {
            var clean = Clean(value);
            if (!ReferenceEquals(clean, value))
                logEvent.AddOrUpdateProperty(new LogEventProperty(name, clean));
        }

        next.Emit(logEvent.Exception is { } exception && Holds(exception) ? Replace(logEvent, exception) : logEvent);
    }

    public void Dispose() => (next as IDisposable)?.Dispose();

    public async ValueTask DisposeAsync()
    {
        if (next is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
        else
            Dispose();
    }

    private static LogEventPropertyValue Clean(LogEventPropertyValue value) => value switch
    {
        ScalarValue { Value: string text } => ControlCharacters.Any(text)
            ? new ScalarValue(ControlCharacters.WrittenOut(text))
            : value,
        // Numbers, times and the like; others become text only now.
        ScalarValue { Value: { } other } when other is not (ValueType or Type) =>
            new ScalarValue(ControlCharacters.WrittenOut(other.ToString() ?? "")),
        SequenceValue list => new SequenceValue(list.Elements.Select(Clean)),
        StructureValue fields => new StructureValue(
            fields.Properties.Select(field => new LogEventProperty(field.Name, Clean(field.Value))), fields.TypeTag),
        DictionaryValue map => new DictionaryValue(map.Elements.Select(
            entry => KeyValuePair.Create((ScalarValue)Clean(entry.Key), Clean(entry.Value)))),
        _ => value,
    };

    private static bool Holds(Exception exception) =>
        ControlCharacters.Any(exception.Message)
        || (exception.InnerException is { } inner && Holds(inner))
        || (exception is AggregateException many && many.InnerExceptions.Any(Holds));

    private static LogEvent Replace(LogEvent logEvent, Exception exception) => new(
        logEvent.Timestamp, logEvent.Level, new WrittenOut(exception), logEvent.MessageTemplate,
        logEvent.Properties.Select(property => new LogEventProperty(property.Key, property.Value)),
        logEvent.TraceId ?? default, logEvent.SpanId ?? default);

    /// <summary>Reads as the exception does, but for the lines that its messages make.</summary>
    private sealed class WrittenOut(Exception exception) : Exception(ControlCharacters.WrittenOut(exception.Message))
    {
        private const string Indent = "   ";

        public override string ToString() => Indent + string.Join(
            Environment.NewLine + Indent,
            exception.ToString().ReplaceLineEndings("\n").Split('\n').Select(ControlCharacters.WrittenOut));
    }
}
