using System.IO.Compression;

namespace StreamGateway.Native.Bundles;

/// <summary>The ZIP file of a bundle, whose shape was checked before anything in it is read.</summary>
internal sealed class BundleArchive : IDisposable
{
    private const int MaxEntries = 1024;
    private const long MaxEntrySize = 256L << 20;
    private const long MaxTotalSize = 1L << 30;
    private const long MaxRatio = 200;

    // Tiny files may be packed better than any real library.
    private const long FreeOfRatio = 64 * 1024;
    private const int ReadAhead = 64 * 1024;
    private const int FileTypeMask = 0xF000;
    private const int RegularFile = 0x8000;

    private readonly FileStream _file;
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.OrdinalIgnoreCase);

    private BundleArchive(FileStream file, ZipArchive zip)
    {
        _file = file;
        _zip = zip;
    }

    internal IReadOnlyCollection<string> Names => _entries.Keys;

    internal static BundleArchive Open(string path)
    {
        var file = OpenFile(path);
        try
        {
            var archive = new BundleArchive(file, new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true));
            archive.Check();
            return archive;
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or ArgumentException or NotSupportedException or OverflowException)
        {
            file.Dispose();
            throw new BundleException(BundleError.MalformedArchive, $"{path} is no bundle: {exception.Message}", exception);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    internal bool Contains(string name) => Find(name) is not null;

    /// <exception cref="BundleException">It is not there, or not what its head says.</exception>
    internal byte[] Read(string name)
    {
        var entry = Require(name);
        var content = GC.AllocateUninitializedArray<byte>((int)entry.Length);
        Unpack(entry, content);
        return content;
    }

    /// <summary>As <see cref="Read"/>, into a buffer of the pool that the caller gives back.</summary>
    /// <exception cref="BundleException">It is not there, or not what its head says.</exception>
    internal RentedContent Rent(string name)
    {
        var entry = Require(name);
        var content = new RentedContent((int)entry.Length);
        try
        {
            Unpack(entry, content.Memory.Span);
            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _zip.Dispose();
        _file.Dispose();
    }

    private static FileStream OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, ReadAhead);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BundleException(BundleError.Unreadable, $"The bundle cannot be read: {exception.Message}", exception);
        }
    }

    // Names are unique without regard to case, and exact when asked for.
    private ZipArchiveEntry? Find(string name) => _entries.GetValueOrDefault(name) is { } entry && entry.FullName == name ? entry : null;

    private ZipArchiveEntry Require(string name) =>
        Find(name) ?? throw new BundleException(BundleError.MissingEntry, $"The bundle has no {name}.");

    // The size was checked against the limits; what comes out must have exactly that size.
    private static void Unpack(ZipArchiveEntry entry, Span<byte> content)
    {
        try
        {
            using var stream = entry.Open();
            stream.ReadExactly(content);
            if (stream.ReadByte() >= 0)
            {
                throw new InvalidDataException("it is longer than it says");
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or NotSupportedException)
        {
            throw new BundleException(
                BundleError.MalformedArchive, $"{entry.FullName} cannot be unpacked: {exception.Message}", exception);
        }
    }

    private void Check()
    {
        if (_zip.Entries.Count > MaxEntries)
        {
            throw new BundleException(BundleError.TooLarge, $"The bundle has {_zip.Entries.Count} entries, more than {MaxEntries}.");
        }

        var total = 0L;
        var packed = 0L;
        foreach (var entry in _zip.Entries)
        {
            CheckEntry(entry);
            total += entry.Length;
            packed += entry.CompressedLength;
        }

        if (total > MaxTotalSize)
        {
            throw new BundleException(BundleError.TooLarge, $"The bundle unpacks to {total} bytes, more than {MaxTotalSize}.");
        }

        if (packed > _file.Length)
        {
            throw new BundleException(BundleError.MalformedArchive, "Entries of the bundle share their content.");
        }
    }

    private void CheckEntry(ZipArchiveEntry entry)
    {
        if (ArchiveNames.Problem(entry.FullName.TrimEnd('/')) is { } problem)
        {
            throw new BundleException(BundleError.UnsafeName, $"An entry of the bundle {problem}.");
        }

        var type = (entry.ExternalAttributes >> 16) & FileTypeMask;
        if (entry.FullName.EndsWith('/') || (type != 0 && type != RegularFile) || entry.IsEncrypted)
        {
            throw new BundleException(BundleError.NotAFile, $"{entry.FullName} is not a plain file.");
        }

        if (!_entries.TryAdd(entry.FullName, entry))
        {
            throw new BundleException(BundleError.DuplicateEntry, $"The bundle has {entry.FullName} twice.");
        }

        if (entry.Length > MaxEntrySize || (entry.Length > FreeOfRatio && entry.Length / MaxRatio > entry.CompressedLength))
        {
            throw new BundleException(
                BundleError.TooLarge, $"{entry.FullName} unpacks from {entry.CompressedLength} to {entry.Length} bytes.");
        }
    }
}
