using System.Text;
using Microsoft.Net.Http.Headers;

namespace StreamGateway.Server;

/// <summary>
/// Keeps what the header Connection names. Kestrel replaces its value by <c>close</c>, <c>keep-alive</c> or <c>Upgrade</c> as
/// soon as it finds one of them alone, so that nobody could tell any more which headers are about the connection (RFC 9110, 7.6.1).
/// </summary>
/// <remarks>Finding two of them, it leaves the value as it is; so a value that names headers has two, and ends the connection.</remarks>
internal sealed class ConnectionHeader : Encoding
{
    private const string LeftAlone = ", keep-alive, close";

    private static readonly ConnectionHeader s_instance = new();

    /// <summary>Named without need: they are never passed on.</summary>
    private static readonly HashSet<string> s_known = new(StringComparer.OrdinalIgnoreCase)
    {
        "", "close", "keep-alive", "Upgrade", "TE", "Trailer", "Transfer-Encoding", "HTTP2-Settings",
    };

    private ConnectionHeader()
    {
    }

    /// <returns>How Kestrel is to read a header; null for its own way.</returns>
    public static Encoding? EncodingOf(string header) => header == HeaderNames.Connection ? s_instance : null;

    public override int GetCharCount(byte[] bytes, int index, int count) => Read(bytes.AsSpan(index, count)).Length;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        var value = Read(bytes.AsSpan(byteIndex, byteCount));
        value.CopyTo(chars.AsSpan(charIndex));
        return value.Length;
    }

    public override int GetMaxCharCount(int byteCount) => byteCount + LeftAlone.Length;

    public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);

    public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    private static string Read(ReadOnlySpan<byte> bytes)
    {
        var value = Latin1.GetString(bytes);
        if (value.Any(character => char.IsControl(character) && character is not '\t'))
        {
            throw new DecoderFallbackException("Connection has a control character."); // answered with 400
        }

        return value.Split(',', StringSplitOptions.TrimEntries).All(s_known.Contains) ? value : value + LeftAlone;
    }
}
