using System.Security.Cryptography;

namespace StreamGateway.Native.Bundles;

/// <summary>A minisign secret key without a password; the file's mode protects it.</summary>
public sealed class MinisignSecretKey
{
    private const int Size = 158;
    private const int KeyIdOffset = 2 + 2 + 2 + 32 + 8 + 8;
    private const int SecretOffset = KeyIdOffset + MinisignPublicKey.KeyIdSize;

    private readonly byte[] _seed;

    private MinisignSecretKey(byte[] seed, ReadOnlySpan<byte> keyId)
    {
        _seed = seed;
        PublicKey = MinisignPublicKey.From(keyId, LibCrypto.PublicKeyOf(seed));
    }

    public MinisignPublicKey PublicKey { get; }

    public static MinisignSecretKey Generate() =>
        new(RandomNumberGenerator.GetBytes(LibCrypto.KeySize), RandomNumberGenerator.GetBytes(MinisignPublicKey.KeyIdSize));

    /// <summary>Reads the text of a secret key file, as this class or <c>minisign -G -W</c> wrote it.</summary>
    /// <exception cref="FormatException">It is none, or has a password; the message says which.</exception>
    public static MinisignSecretKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var line = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
        var bytes = MinisignPublicKey.DecodeBase64(line);
        if (bytes?.Length != Size || !bytes.AsSpan(0, 2).SequenceEqual("Ed"u8) || !bytes.AsSpan(4, 2).SequenceEqual("B2"u8))
        {
            throw new FormatException("The text is no minisign secret key.");
        }

        if (bytes[2] != 0 || bytes[3] != 0)
        {
            throw new FormatException("The secret key has a password; remove it with 'minisign -C -W'.");
        }

        return new MinisignSecretKey(bytes[SecretOffset..(SecretOffset + LibCrypto.KeySize)], bytes.AsSpan(KeyIdOffset, MinisignPublicKey.KeyIdSize));
    }

    /// <summary>The text of a secret key file; keep it private.</summary>
    public string ToFileText()
    {
        // Salt, limits and checksum serve the password alone and stay zero, as minisign leaves them.
        var bytes = new byte[Size];
        "Ed"u8.CopyTo(bytes);
        "B2"u8.CopyTo(bytes.AsSpan(4));
        PublicKey.KeyId.CopyTo(bytes.AsSpan(KeyIdOffset));
        _seed.CopyTo(bytes, SecretOffset);
        PublicKey.Key.CopyTo(bytes.AsSpan(SecretOffset + LibCrypto.KeySize));
        return $"untrusted comment: minisign secret key\n{Convert.ToBase64String(bytes)}\n";
    }

    internal byte[] Sign(ReadOnlySpan<byte> message) => LibCrypto.Sign(_seed, message);
}
