using System.Text;
using System.Text.Unicode;

namespace StreamGateway.Server;

/// <summary>The address of a request as it came.</summary>
internal static class RequestAddress
{
    /// <summary>Whether it is UTF-8 once its escapes are undone. What is not would be read as something else.</summary>
    public static bool IsUtf8(string target)
    {
        if (!target.Contains('%') && Ascii.IsValid(target))
        {
            return true;
        }

        var bytes = new byte[target.Length];
        var length = 0;
        for (var at = 0; at < target.Length; at++)
        {
            var isEscape = target[at] == '%' && at + 2 < target.Length
                && char.IsAsciiHexDigit(target[at + 1]) && char.IsAsciiHexDigit(target[at + 2]);
            bytes[length++] = isEscape ? Convert.FromHexString(target.AsSpan(at + 1, 2))[0] : (byte)target[at];
            at += isEscape ? 2 : 0;
        }

        return Utf8.IsValid(bytes.AsSpan(0, length));
    }
}
