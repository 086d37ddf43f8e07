using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using GetStream.Json;

namespace GetStream.Http;

/// <summary>
/// Builds the address of one request in a buffer: path segments and query values are percent-encoded, so that
/// whatever an id holds, it stays one segment.
/// </summary>
internal ref struct RequestTarget
{
    private const string HexDigits = "0123456789ABCDEF";

    private static readonly SearchValues<char> s_unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    // Everything is escaped already; the parser must neither unescape nor compress it again.
    private static readonly UriCreationOptions s_asWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly string _apiKey;
    private Span<char> _buffer;
    private char[]? _rented;
    private int _length;
    private bool _hasQuery;

    public RequestTarget(Span<char> buffer, string baseAddress, string apiKey)
    {
        _buffer = buffer;
        _apiKey = apiKey;
        Literal(baseAddress);
    }

    /// <summary>Appends text that is part of the API's own path.</summary>
    public void Literal(scoped ReadOnlySpan<char> text)
    {
        Reserve(text.Length);
        text.CopyTo(_buffer[_length..]);
        _length += text.Length;
    }

    /// <summary>Appends one path segment.</summary>
    /// <exception cref="ArgumentException">The value is empty or a dot segment: such a path means another place.</exception>
    public void Segment(string value, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(value, name);
        if (value is "." or "..")
        {
            throw new ArgumentException("A path parameter must not be '.' or '..'.", name);
        }

        Escaped(value, name);
    }

    public void Query(string name, string? value)
    {
        if (value is not null)
        {
            Name(name);
            Escaped(value, name);
        }
    }

    public void Query(string name, bool? value) => Query(name, value is { } flag ? flag ? "true" : "false" : null);

    public void Query(string name, int? value)
    {
        if (value is { } number)
        {
            Query(name, (long)number);
        }
    }

    public void Query(string name, long? value)
    {
        if (value is not { } number)
        {
            return;
        }

        Name(name);
        Reserve(20);
        _ = number.TryFormat(_buffer[_length..], out var written, default, CultureInfo.InvariantCulture);
        _length += written;
    }

    public void Query(string name, StreamTime? value)
    {
        if (value is not { } time)
        {
            return;
        }

        Span<char> text = stackalloc char[StreamTime.MaxTextLength];
        _ = time.TryFormat(text, out var written, default, null);
        Name(name);
        Escaped(text[..written], name);
    }

    public void Query<T>(string name, T? value)
        where T : struct, IStreamEnum<T> =>
        Query(name, value?.Value);

    /// <summary>A list of texts, with commas between them.</summary>
    /// <exception cref="ArgumentException">A text holds a comma and would be taken for two.</exception>
    public void Query(string name, IReadOnlyList<string>? values)
    {
        if (values is null)
        {
            return;
        }

        foreach (var value in values)
        {
            if (value.Contains(','))
            {
                throw new ArgumentException("A value in a comma-separated list must not hold a comma.", name);
            }
        }

        Query(name, string.Join(',', values));
    }

    public void Query(string name, JsonObject? value)
    {
        if (value is not null)
        {
            Query(name, JsonText(value, JsonOut.Object));
        }
    }

    public void Query<T>(string name, T? value, StreamTimeFormat times = StreamTimeFormat.Text)
        where T : class, IStreamModel<T>
    {
        if (value is not null)
        {
            Query(name, StreamJson.Serialize(value, times));
        }
    }

    public void Query<T>(string name, IReadOnlyList<T>? values, StreamTimeFormat times = StreamTimeFormat.Text)
        where T : class, IStreamModel<T>
    {
        if (values is not null)
        {
            Query(name, JsonText(values, static (w, list, t) => JsonOut.List(w, list, t, JsonOut.Model)));
        }
    }

    /// <summary>Ends the address with the API key; this value must not be used afterwards.</summary>
    public Uri ToUri()
    {
        Query("api_key", _apiKey);
        var address = _buffer[.._length].ToString();
        if (_rented is { } rented)
        {
            _rented = null;
            ArrayPool<char>.Shared.Return(rented);
        }

        return new Uri(address, in s_asWritten);
    }

    private void Name(string name)
    {
        Literal(_hasQuery ? "&" : "?");
        Literal(name);
        Literal("=");
        _hasQuery = true;
    }

    private void Escaped(scoped ReadOnlySpan<char> value, string name)
    {
        while (!value.IsEmpty)
        {
            var plain = value.IndexOfAnyExcept(s_unreserved);
            if (plain < 0)
            {
                Literal(value);
                return;
            }

            Literal(value[..plain]);
            value = value[plain..];
            if (Rune.DecodeFromUtf16(value, out var rune, out var consumed) is not OperationStatus.Done)
            {
                throw new ArgumentException("The value holds half of a surrogate pair and is not valid text.", name);
            }

            Escape(rune);
            value = value[consumed..];
        }
    }

    private void Escape(Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var count = rune.EncodeToUtf8(utf8);
        Reserve(count * 3);
        foreach (var octet in utf8[..count])
        {
            _buffer[_length++] = '%';
            _buffer[_length++] = HexDigits[octet >> 4];
            _buffer[_length++] = HexDigits[octet & 15];
        }
    }

    private void Reserve(int count)
    {
        if (_length + count <= _buffer.Length)
        {
            return;
        }

        var grown = ArrayPool<char>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + count));
        _buffer[.._length].CopyTo(grown);
        if (_rented is { } rented)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        _buffer = _rented = grown;
    }

    private static string JsonText<T>(T value, JsonWrite<T> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new System.Text.Json.Utf8JsonWriter(buffer, StreamJson.WriterOptions))
        {
            write(writer, value, StreamTimeFormat.Text);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
