using System.Globalization;
using GetStream.Local.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace GetStream.Local.Tests;

/// <summary>Whatever clients send, a line of the log is one that the program wrote.</summary>
public sealed class OneLineLoggingTests : IDisposable
{
    private const string Forged = "a\n00:00:00.000 INF forged\r\t\0\u001b[31m\u0085\u2028\u202e";
    private const string WrittenOut = @"a\n00:00:00.000 INF forged\r\t\u0000\u001B[31m\u0085\u2028\u202E";

    private readonly StringWriter _output = new();
    private readonly Logger _logger;

    public OneLineLoggingTests() => _logger = new LoggerConfiguration().WriteTo.OneLine(lines => lines.Sink(new Writer(_output))).CreateLogger();

    public void Dispose()
    {
        _logger.Dispose();
        _output.Dispose();
    }

    [Fact]
    public void Control_characters_are_written_out_wherever_they_are()
    {
        _logger.Information("{Text} {List} {@Fields} {Map} {Number}", Forged, new[] { Forged }, new { Inner = Forged }, new Dictionary<string, string> { [Forged] = Forged }, 5);

        var text = _output.ToString();
        Assert.EndsWith(Environment.NewLine, text);
        Assert.DoesNotContain(text[..^Environment.NewLine.Length], letter => char.IsControl(letter) || letter is '\u2028' or '\u202e');
        Assert.StartsWith(WrittenOut + " ", text);
    }

    [Theory]
    [InlineData("Jürgen, 東京, 👍")]
    [InlineData("")]
    public void Text_stays_as_it_is(string text)
    {
        _logger.Information("{Text}", text);

        Assert.Equal(text + Environment.NewLine, _output.ToString());
    }

    [Fact]
    public void An_exceptions_message_makes_no_line_that_looks_like_one_of_the_log()
    {
        try
        {
            throw new InvalidOperationException("outer", new FormatException(Forged));
        }
        catch (InvalidOperationException exception)
        {
            _logger.Error(exception, "It failed");
        }

        var lines = _output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("It failed", lines[0]);
        Assert.All(lines[1..], line => Assert.StartsWith("   ", line));
        Assert.DoesNotContain(_output.ToString(), letter => letter is '\u001b' or '\0');
        Assert.Contains(lines, line => line.Contains(nameof(An_exceptions_message_makes_no_line_that_looks_like_one_of_the_log)));
    }

    [Fact]
    public void Another_exception_is_the_one_that_was_logged()
    {
        var exception = new InvalidOperationException("plain");

        _logger.Error(exception, "It failed");

        Assert.Contains($"{exception}", _output.ToString());
    }

    private sealed class Writer(StringWriter output) : ILogEventSink
    {
        private readonly MessageTemplateTextFormatter _format = new("{Message:lj}{NewLine}{Exception}", CultureInfo.InvariantCulture);

        public void Emit(LogEvent logEvent) => _format.Format(logEvent, output);
    }
}
