using System.Text;
using StreamGateway.Server;

namespace StreamGateway.Settings;

/// <summary>A file whose whole text is the value of one setting.</summary>
internal static class SecretFile
{
    private const int LongestValue = 64 * 1024;

    /// <returns>The text without the line break that editors put at its end.</returns>
    /// <param name="path">The file.</param>
    /// <param name="namedBy">What names it, for the sentence that refuses it.</param>
    /// <exception cref="StartupException">It is missing, empty, too long or not to be read; the message says which.</exception>
    public static string Read(string path, string namedBy)
    {
        try
        {
            using var file = new StreamReader(path, Encoding.UTF8);
            var buffer = new char[LongestValue + 1];
            var length = file.ReadBlock(buffer);
            var value = new string(buffer, 0, length).TrimEnd('\r', '\n');
            return length > LongestValue ? throw new StartupException($"{namedBy} names {path}, which is longer than {LongestValue} characters.")
                : value.Length == 0 ? throw new StartupException($"{namedBy} names {path}, which is empty.")
                : value;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{namedBy} names {path}, which cannot be read: {failure.Message}", failure);
        }
    }
}
