using System.Runtime.Versioning;

namespace StreamGateway.Native.Bundles;

/// <summary>A private folder with extracted libraries, each under the SHA-256 of its content.</summary>
/// <remarks>
/// A library is written to a folder of its own with a random name and appears under its hash by one rename, so that
/// processes that extract at once never see half of one. What is there already is compared before it is used.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class BundleCache
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = (UnixFileMode)0b111_111;
    private const string TemporaryPrefix = ".new-";
    private const int ComparedAtOnce = 16 * 1024;

    private static readonly TimeSpan TemporaryLifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan UnusedLifetime = TimeSpan.FromDays(30);

    private readonly string _folder;

    internal BundleCache(string? folder)
    {
        _folder = Path.GetFullPath(folder ?? DefaultFolder());
        Prepare();
    }

    /// <summary>The path of a file with this content, written now or before.</summary>
    internal string Place(string fileName, ReadOnlySpan<byte> content, string sha256)
    {
        var folder = Path.Combine(_folder, sha256);
        var path = Path.Combine(folder, fileName);
        try
        {
            RemoveLeftovers();
            if (Holds(path, content))
            {
                Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow);
            }
            else
            {
                Write(folder, fileName, content);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unsafe(exception.Message, exception);
        }

        return path;
    }

    private static string DefaultFolder()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        }

        return Path.Combine(cache, "stream-gateway", "plugins");
    }

    // Nobody else may be able to swap a library between its check and its loading.
    private void Prepare()
    {
        try
        {
            Directory.CreateDirectory(_folder, Private);
            if (new DirectoryInfo(_folder).LinkTarget is not null)
            {
                throw Unsafe($"{_folder} is a link");
            }

            if ((File.GetUnixFileMode(_folder) & Others) != 0)
            {
                throw Unsafe($"{_folder} is open to others; it needs mode 0700");
            }

            // Only the owner may change a mode.
            File.SetUnixFileMode(_folder, Private);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unsafe(exception.Message, exception);
        }
    }

    private static bool Holds(string path, ReadOnlySpan<byte> content)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.LinkTarget is not null || file.Length != content.Length)
        {
            return false;
        }

        using var handle = File.OpenHandle(path);
        Span<byte> part = stackalloc byte[ComparedAtOnce];
        for (var rest = content; !rest.IsEmpty;)
        {
            var count = RandomAccess.Read(handle, part, content.Length - rest.Length);
            if (count == 0 || !rest.StartsWith(part[..count]))
            {
                return false;
            }

            rest = rest[count..];
        }

        return true;
    }

    private void Write(string folder, string fileName, ReadOnlySpan<byte> content)
    {
        var temporary = Path.Combine(_folder, TemporaryPrefix + Guid.NewGuid().ToString("N"));
        try
        {
            Directory.CreateDirectory(temporary, Private);
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserExecute,
            };
            using (var file = new FileStream(Path.Combine(temporary, fileName), options))
            {
                // Not forced to the disk: each use compares, so what a crash leaves incomplete is replaced.
                file.Write(content);
            }

            Publish(temporary, folder, Path.Combine(folder, fileName), content);
        }
        finally
        {
            RemoveFolder(temporary);
        }
    }

    private static void Publish(string temporary, string folder, string path, ReadOnlySpan<byte> content)
    {
        try
        {
            Directory.Move(temporary, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            // Another process was first, which is fine; or what is there was damaged, which is replaced.
            if (!Holds(path, content))
            {
                RemoveFolder(folder);
                Directory.Move(temporary, folder);
            }
        }
    }

    private void RemoveLeftovers()
    {
        foreach (var folder in new DirectoryInfo(_folder).EnumerateDirectories())
        {
            var lifetime = folder.Name.StartsWith(TemporaryPrefix, StringComparison.Ordinal) ? TemporaryLifetime : UnusedLifetime;
            if (DateTime.UtcNow - folder.LastWriteTimeUtc > lifetime)
            {
                // A library in use stays mapped without its name.
                RemoveFolder(folder.FullName);
            }
        }
    }

    private static void RemoveFolder(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone already, or removed the next time.
        }
    }

    private static BundleException Unsafe(string reason, Exception? inner = null) =>
        new(BundleError.UnsafeCache, $"The cache of extracted libraries cannot be used: {reason}.", inner);
}
