using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace GetStream;

/// <summary>
/// A length of time as the API writes it: <c>1h30m0s</c>, <c>1.5s</c>, <c>250ms</c>; precise to the nanosecond.
/// </summary>
/// <param name="Nanoseconds">The whole length in nanoseconds; negative lengths are allowed.</param>
public readonly record struct StreamDuration(long Nanoseconds) : IParsable<StreamDuration>
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    private const long Second = 1_000_000_000;

    /// <summary>A length of so many nanoseconds.</summary>
    public static StreamDuration FromNanoseconds(long nanoseconds) => new(nanoseconds);

    /// <summary>Multiplies ticks into nanoseconds.</summary>
    /// <exception cref="OverflowException">The span is longer than 292 years.</exception>
    public static implicit operator StreamDuration(TimeSpan value) => new(checked(value.Ticks * 100));

    /// <summary>Cut to 100 ns.</summary>
    public static implicit operator TimeSpan(StreamDuration value) => value.ToTimeSpan();

    /// <summary>Cut to 100 ns.</summary>
    public TimeSpan ToTimeSpan() => TimeSpan.FromTicks(Nanoseconds / 100);

    /// <summary>Hours, minutes and seconds, for instance <c>36h0m5.25s</c>.</summary>
    public override string ToString()
    {
        if (Nanoseconds is 0)
        {
            return "0s";
        }

        var text = new StringBuilder();
        var left = Nanoseconds < 0 ? (ulong)-(Nanoseconds + 1) + 1 : (ulong)Nanoseconds;
        var hours = left / (3600UL * Second);
        var minutes = left / (60UL * Second) % 60;
        var seconds = left % (60UL * Second) / (decimal)Second;
        _ = text.Append(Nanoseconds < 0 ? "-" : "");
        _ = hours > 0 ? text.Append(CultureInfo.InvariantCulture, $"{hours}h") : text;
        _ = hours > 0 || minutes > 0 ? text.Append(CultureInfo.InvariantCulture, $"{minutes}m") : text;
        return text.Append(CultureInfo.InvariantCulture, $"{seconds:0.#########}s").ToString();
    }

    /// <summary>Reads numbers with the units h, m, s, ms, us (or µs) and ns, one after the other.</summary>
    /// <exception cref="FormatException">The text is not a duration.</exception>
    public static StreamDuration Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var result) ? result : throw new FormatException("Not a duration such as 1h30m.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out StreamDuration result)
    {
        result = default;
        var text = s.AsSpan();
        var negative = text is ['-', ..];
        text = text is ['-' or '+', ..] ? text[1..] : text;
        if (text is "0")
        {
            return true;
        }

        decimal total = 0;
        var any = false;
        while (!text.IsEmpty)
        {
            if (!TryReadNumber(ref text, out var number)
                || !TryReadUnit(ref text, out var unit)
                || number > long.MaxValue / (decimal)unit)
            {
                return false;
            }

            total += number * unit;
            any = true;
            if (total > long.MaxValue + (negative ? 1m : 0m))
            {
                return false;
            }
        }

        result = new StreamDuration((long)(negative ? -total : total));
        return any;
    }

    private static bool TryReadNumber(ref ReadOnlySpan<char> text, out decimal number)
    {
        var length = text.IndexOfAnyExcept(s_digits);
        length = length < 0 ? text.Length : length;
        var parsed = decimal.TryParse(
            text[..length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
        text = text[length..];
        return parsed;
    }

    private static bool TryReadUnit(ref ReadOnlySpan<char> text, out long nanoseconds)
    {
        (nanoseconds, var length) = text switch
        {
            ['n', 's', ..] => (1, 2),
            ['u' or 'µ' or 'μ', 's', ..] => (1_000, 2),
            ['m', 's', ..] => (1_000_000, 2),
            ['s', ..] => (Second, 1),
            ['m', ..] => (60 * Second, 1),
            ['h', ..] => (3600 * Second, 1),
            _ => (0L, 0),
        };
        text = text[length..];
        return length > 0;
    }
}
