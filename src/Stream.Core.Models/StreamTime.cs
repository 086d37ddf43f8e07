using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace GetStream;

/// <summary>
/// An instant with nanosecond precision, between the years 1 and 9999, converting to and from <see cref="DateTimeOffset"/>.
/// </summary>
/// <remarks>
/// A <see cref="DateTimeOffset"/> counts 100 ns ticks, so what the API sends does not always fit one: converting
/// to it cuts the last two digits, while the value itself keeps them. The offset from UTC is kept for the
/// text form; two values are equal when they are the same instant, whatever their offsets.
/// </remarks>
public readonly struct StreamTime
    : IEquatable<StreamTime>, IComparable<StreamTime>, ISpanParsable<StreamTime>, ISpanFormattable, IUtf8SpanFormattable
{
    /// <summary>The longest text this type writes or reads: <c>9999-12-31T23:59:59.999999999+14:00</c>.</summary>
    internal const int MaxTextLength = 35;

    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int NanosecondsPerTick = 100;
    private const int MaxOffsetMinutes = 14 * 60;
    private const long MinSeconds = -62_135_596_800; // 0001-01-01T00:00:00Z
    private const long MaxSeconds = 253_402_300_799; // 9999-12-31T23:59:59Z

    private readonly long _seconds;
    private readonly int _nanoseconds;
    private readonly short _offsetMinutes;

    private StreamTime(long seconds, int nanoseconds, short offsetMinutes)
    {
        _seconds = seconds;
        _nanoseconds = nanoseconds;
        _offsetMinutes = offsetMinutes;
    }

    /// <summary>Midnight of 1 January of the year 1 in UTC: how the API's servers spell "never".</summary>
    public static StreamTime MinValue => new(MinSeconds, 0, 0);

    /// <summary>The part of the second, 0 to 999,999,999.</summary>
    public int Nanosecond => _nanoseconds;

    /// <summary>The offset from UTC that the text form carries; zero for values that came as integers.</summary>
    public TimeSpan Offset => TimeSpan.FromMinutes(_offsetMinutes);

    /// <summary>The instant so many nanoseconds after (or before) 1970-01-01T00:00:00Z.</summary>
    public static StreamTime FromUnixNanoseconds(long nanoseconds)
    {
        var seconds = Math.DivRem(nanoseconds, NanosecondsPerSecond, out var rest);
        return rest < 0
            ? new StreamTime(seconds - 1, (int)(rest + NanosecondsPerSecond), 0)
            : new StreamTime(seconds, (int)rest, 0);
    }

    /// <summary>
    /// Nanoseconds since 1970-01-01T00:00:00Z. Instants before 1677-09-21 or after 2262-04-11 do not fit 64 bits
    /// and answer the nearest value that does.
    /// </summary>
    public long ToUnixNanoseconds()
    {
        var exact = ((Int128)_seconds * NanosecondsPerSecond) + _nanoseconds;
        return (long)Int128.Clamp(exact, long.MinValue, long.MaxValue);
    }

    /// <summary>Keeps instant and offset.</summary>
    public static StreamTime FromDateTimeOffset(DateTimeOffset value)
    {
        var ticks = value.UtcTicks - DateTime.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        return new StreamTime(seconds, (int)rest * NanosecondsPerTick, (short)value.TotalOffsetMinutes);
    }

    /// <summary>Keeps instant and offset, cut to 100 ns.</summary>
    public DateTimeOffset ToDateTimeOffset()
    {
        var ticks = DateTime.UnixEpoch.Ticks + (_seconds * TimeSpan.TicksPerSecond) + (_nanoseconds / NanosecondsPerTick);
        var utc = new DateTimeOffset(ticks, TimeSpan.Zero);
        if (_offsetMinutes is 0)
        {
            return utc;
        }

        // Near the ends of the calendar the local clock time may not exist.
        var local = ticks + Offset.Ticks;
        return local < DateTime.MinValue.Ticks || local > DateTime.MaxValue.Ticks ? utc : utc.ToOffset(Offset);
    }

    /// <summary>Keeps instant and offset.</summary>
    public static implicit operator StreamTime(DateTimeOffset value) => FromDateTimeOffset(value);

    /// <summary>Keeps instant and offset, cut to 100 ns.</summary>
    public static implicit operator DateTimeOffset(StreamTime value) => value.ToDateTimeOffset();

    /// <summary>Same instant.</summary>
    public static bool operator ==(StreamTime left, StreamTime right) => left.Equals(right);

    /// <summary>Different instants.</summary>
    public static bool operator !=(StreamTime left, StreamTime right) => !left.Equals(right);

    /// <summary>Earlier instant.</summary>
    public static bool operator <(StreamTime left, StreamTime right) => left.CompareTo(right) < 0;

    /// <summary>Later instant.</summary>
    public static bool operator >(StreamTime left, StreamTime right) => left.CompareTo(right) > 0;

    /// <summary>Earlier or same instant.</summary>
    public static bool operator <=(StreamTime left, StreamTime right) => left.CompareTo(right) <= 0;

    /// <summary>Later or same instant.</summary>
    public static bool operator >=(StreamTime left, StreamTime right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public bool Equals(StreamTime other) => _seconds == other._seconds && _nanoseconds == other._nanoseconds;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is StreamTime other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_seconds, _nanoseconds);

    /// <inheritdoc/>
    public int CompareTo(StreamTime other)
    {
        var bySecond = _seconds.CompareTo(other._seconds);
        return bySecond is not 0 ? bySecond : _nanoseconds.CompareTo(other._nanoseconds);
    }

    /// <summary>RFC 3339 text with as many fractional digits as needed.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxTextLength];
        _ = TryFormat(text, out var length, default, null);
        return Encoding.ASCII.GetString(text[..length]);
    }

    /// <inheritdoc/>
    public string ToString(string? format, IFormatProvider? formatProvider) => ToString();

    /// <inheritdoc/>
    public bool TryFormat(
        Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        Span<byte> text = stackalloc byte[MaxTextLength];
        _ = TryFormat(text, out var length, default, null);
        charsWritten = length <= destination.Length ? Encoding.ASCII.GetChars(text[..length], destination) : 0;
        return charsWritten > 0;
    }

    /// <inheritdoc/>
    public bool TryFormat(
        Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format, IFormatProvider? provider)
    {
        bytesWritten = 0;
        var whole = new StreamTime(_seconds, 0, _offsetMinutes).ToDateTimeOffset();
        if (utf8Destination.Length < MaxTextLength
            || !whole.TryFormat(utf8Destination, out var length, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture))
        {
            return false;
        }

        length += WriteFraction(utf8Destination[length..]);
        length += WriteOffset(utf8Destination[length..], whole.TotalOffsetMinutes);
        bytesWritten = length;
        return true;
    }

    /// <summary>Reads RFC 3339 text.</summary>
    /// <exception cref="FormatException">The text is not an RFC 3339 time.</exception>
    public static StreamTime Parse(string s, IFormatProvider? provider = null) => Parse(s.AsSpan(), provider);

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static StreamTime Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var result) ? result : throw new FormatException("Not an RFC 3339 time.");

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out StreamTime result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out StreamTime result)
    {
        result = default;
        if (s.Length is < 20 or > MaxTextLength
            || s[10] is not ('T' or 't' or ' ')
            || !DateTime.TryParseExact(
                s[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            || !TimeOnly.TryParseExact(s[11..19], "HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return false;
        }

        var rest = s[19..];
        if (!TryReadFraction(ref rest, out var nanoseconds) || !TryReadOffset(rest, out var offset))
        {
            return false;
        }

        var ticks = date.Ticks + time.Ticks - DateTime.UnixEpoch.Ticks;
        var seconds = (ticks / TimeSpan.TicksPerSecond) - (offset * 60L);
        if (seconds is < MinSeconds or > MaxSeconds)
        {
            return false;
        }

        result = new StreamTime(seconds, nanoseconds, offset);
        return true;
    }

    private int WriteFraction(Span<byte> destination)
    {
        if (_nanoseconds is 0)
        {
            return 0;
        }

        destination[0] = (byte)'.';
        _ = Utf8Formatter.TryFormat(_nanoseconds, destination[1..], out _, new System.Buffers.StandardFormat('D', 9));
        var length = 10;
        while (destination[length - 1] is (byte)'0')
        {
            length--;
        }

        return length;
    }

    private static int WriteOffset(Span<byte> destination, int offsetMinutes)
    {
        if (offsetMinutes is 0)
        {
            destination[0] = (byte)'Z';
            return 1;
        }

        var (hours, minutes) = Math.DivRem(Math.Abs(offsetMinutes), 60);
        var twoDigits = new System.Buffers.StandardFormat('D', 2);
        destination[0] = (byte)(offsetMinutes < 0 ? '-' : '+');
        _ = Utf8Formatter.TryFormat(hours, destination[1..], out _, twoDigits);
        destination[3] = (byte)':';
        _ = Utf8Formatter.TryFormat(minutes, destination[4..], out _, twoDigits);
        return 6;
    }

    private static bool TryReadFraction(ref ReadOnlySpan<char> text, out int nanoseconds)
    {
        nanoseconds = 0;
        if (text is not ['.', ..])
        {
            return true;
        }

        var digits = 0;
        for (text = text[1..]; text is [>= '0' and <= '9', ..]; text = text[1..], digits++)
        {
            nanoseconds = (nanoseconds * 10) + (text[0] - '0');
        }

        if (digits is 0 or > 9)
        {
            return false;
        }

        for (; digits < 9; digits++)
        {
            nanoseconds *= 10;
        }

        return true;
    }

    private static bool TryReadOffset(ReadOnlySpan<char> text, out short minutes)
    {
        minutes = 0;
        if (text is ['Z' or 'z'])
        {
            return true;
        }

        if (text is not [('+' or '-') and var sign, _, _, ':', _, _]
            || !byte.TryParse(text[1..3], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            || !byte.TryParse(text[4..6], NumberStyles.None, CultureInfo.InvariantCulture, out var rest)
            || rest > 59
            || (hours * 60) + rest > MaxOffsetMinutes)
        {
            return false;
        }

        minutes = (short)((hours * 60) + rest);
        minutes = sign is '-' ? (short)-minutes : minutes;
        return true;
    }
}
