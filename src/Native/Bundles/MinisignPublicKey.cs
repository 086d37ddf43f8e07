using System.Buffers.Binary;
using System.Text;

namespace StreamGateway.Native.Bundles;

/// <summary>A minisign public key.</summary>
public sealed class MinisignPublicKey
{
    internal const int KeyIdSize = 8;
    private const int Size = 2 + KeyIdSize + LibCrypto.KeySize;

    private readonly byte[] _bytes;

    private MinisignPublicKey(byte[] bytes) => _bytes = bytes;

    /// <summary>The key's id as minisign prints it.</summary>
    public string Id => FormatId(KeyId);

    internal ReadOnlySpan<byte> KeyId => _bytes.AsSpan(2, KeyIdSize);

    internal ReadOnlySpan<byte> Key => _bytes.AsSpan(2 + KeyIdSize);

    /// <summary>Reads a key from its base64 text (it begins with <c>RW</c>), or from the text of a <c>.pub</c> file.</summary>
    /// <exception cref="FormatException">The text is no minisign public key; the message says why.</exception>
    public static MinisignPublicKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var line = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
        var bytes = DecodeBase64(line) ?? throw new FormatException("The public key is not base64.");
        if (bytes.Length != Size)
        {
            throw new FormatException($"A public key has {Size} bytes; this one has {bytes.Length}.");
        }

        return bytes.AsSpan(0, 2).SequenceEqual("Ed"u8)
            ? new MinisignPublicKey(bytes)
            : throw new FormatException("The public key is not one for Ed25519.");
    }

    /// <summary>The base64 text.</summary>
    public override string ToString() => Convert.ToBase64String(_bytes);

    internal static MinisignPublicKey From(ReadOnlySpan<byte> keyId, ReadOnlySpan<byte> key) => new([.. "Ed"u8, .. keyId, .. key]);

    /// <summary>The text of a <c>.pub</c> file.</summary>
    public string ToFileText() => $"untrusted comment: minisign public key {Id}\n{this}\n";

    internal static string FormatId(ReadOnlySpan<byte> keyId) => $"{BinaryPrimitives.ReadUInt64LittleEndian(keyId):X16}";

    internal static byte[]? DecodeBase64(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        return Convert.TryFromBase64String(text, bytes, out var count) ? bytes[..count] : null;
    }
}
