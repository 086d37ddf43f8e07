using System.Globalization;
using System.IO.Enumeration;

namespace StreamGateway.Connections;

/// <summary>The file descriptors of this process: files, sockets, and all else that the kernel counts as one.</summary>
public static class OpenFiles
{
    /// <summary>What the process needs for itself: the runtime holds two descriptors for each of its assemblies.</summary>
    public const int Own = 360;

    /// <summary>How many it may have (RLIMIT_NOFILE); null where the system does not tell.</summary>
    public static int? Limit { get; } = ReadLimit();

    /// <summary>How many it has; 0 where the system does not tell.</summary>
    public static int Count()
    {
        try
        {
            // Without a string for each of what may be 100,000.
            return new FileSystemEnumerable<byte>("/proc/self/fd", static (ref FileSystemEntry _) => 0).Count();
        }
        catch (IOException)
        {
            // No such folder, or no descriptor left to look with.
            return Directory.Exists("/proc/self") && Limit is { } limit ? limit : 0;
        }
    }

    private static int? ReadLimit()
    {
        const string Name = "Max open files";
        try
        {
            var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
            var soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
            return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
