namespace StreamGateway.Native.Bundles;

/// <summary>Why a bundle is refused; in the order in which the checks are made.</summary>
public enum BundleError
{
    /// <summary>The file is missing or cannot be read.</summary>
    Unreadable,

    /// <summary>It is no ZIP file, or one of a shape that a bundle never has.</summary>
    MalformedArchive,

    /// <summary>Two entries have the same name, or names that differ in case only.</summary>
    DuplicateEntry,

    /// <summary>An entry's name would lead outside of the bundle.</summary>
    UnsafeName,

    /// <summary>An entry is a link, a folder or another thing that is not a plain file.</summary>
    NotAFile,

    /// <summary>An entry, or all of them together, is larger than allowed, or too much larger than its packed form.</summary>
    TooLarge,

    /// <summary>There is no <c>manifest.json</c>, or it does not say what it must.</summary>
    InvalidManifest,

    /// <summary>The bundle's format is newer than this host.</summary>
    UnsupportedVersion,

    /// <summary>A signature is missing.</summary>
    NotSigned,

    /// <summary>A signature is no minisign signature.</summary>
    MalformedSignature,

    /// <summary>The signature was made with a key that the caller does not trust.</summary>
    UntrustedKey,

    /// <summary>The signature does not fit the content.</summary>
    WrongSignature,

    /// <summary>The signature's own comment was changed.</summary>
    WrongGlobalSignature,

    /// <summary>The bundle has nothing for this platform or of this variant.</summary>
    NotIncluded,

    /// <summary>The manifest names an entry that is not in the archive.</summary>
    MissingEntry,

    /// <summary>The content is not what the manifest's checksum says.</summary>
    WrongChecksum,

    /// <summary>The cache folder is not private to this user, or cannot be written.</summary>
    UnsafeCache,
}

/// <summary>A bundle was refused. Nothing of it was written to disk.</summary>
public sealed class BundleException(BundleError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public BundleError Error { get; } = error;
}
