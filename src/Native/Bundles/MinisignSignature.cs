using System.Text;

namespace StreamGateway.Native.Bundles;

/// <summary>A minisign signature file: four lines, two signatures.</summary>
internal sealed class MinisignSignature
{
    private const int Size = 2 + MinisignPublicKey.KeyIdSize + LibCrypto.SignatureSize;
    private const int MaxFileSize = 8 * 1024;
    private const string UntrustedPrefix = "untrusted comment: ";
    private const string TrustedPrefix = "trusted comment: ";

    private readonly byte[] _bytes;
    private readonly byte[] _global;

    private MinisignSignature(byte[] bytes, byte[] global, string trustedComment)
    {
        _bytes = bytes;
        _global = global;
        TrustedComment = trustedComment;
    }

    internal string TrustedComment { get; }

    internal ReadOnlySpan<byte> KeyId => _bytes.AsSpan(2, MinisignPublicKey.KeyIdSize);

    // "ED" signs the content's BLAKE2b digest, the older "Ed" the content itself.
    private bool IsPrehashed => _bytes[1] == 'D';

    private ReadOnlySpan<byte> Signature => _bytes.AsSpan(2 + MinisignPublicKey.KeyIdSize);

    /// <exception cref="FormatException">The file is no signature; the message says why.</exception>
    internal static MinisignSignature Parse(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxFileSize)
        {
            throw new FormatException("it is too long");
        }

        var lines = Encoding.UTF8.GetString(file).Split('\n');
        if (lines.Length < 4 || lines.Skip(4).Any(line => line.Trim().Length > 0))
        {
            throw new FormatException("it does not have four lines");
        }

        for (var i = 0; i < 4; i++)
        {
            lines[i] = lines[i].TrimEnd('\r');
        }

        if (!lines[0].StartsWith(UntrustedPrefix, StringComparison.Ordinal) || !lines[2].StartsWith(TrustedPrefix, StringComparison.Ordinal))
        {
            throw new FormatException("its comments are missing");
        }

        var bytes = MinisignPublicKey.DecodeBase64(lines[1]);
        var global = MinisignPublicKey.DecodeBase64(lines[3]);
        if (bytes?.Length != Size || global?.Length != LibCrypto.SignatureSize)
        {
            throw new FormatException("its signatures have the wrong length");
        }

        return bytes[0] == 'E' && bytes[1] is (byte)'D' or (byte)'d'
            ? new MinisignSignature(bytes, global, lines[2][TrustedPrefix.Length..])
            : throw new FormatException("its algorithm is unknown");
    }

    internal bool Verify(MinisignPublicKey key, ReadOnlySpan<byte> content) =>
        LibCrypto.Verify(key.Key, IsPrehashed ? LibCrypto.Blake2b512(content) : content, Signature);

    /// <summary>Whether the trusted comment is the signer's.</summary>
    internal bool VerifyGlobal(MinisignPublicKey key) =>
        LibCrypto.Verify(key.Key, [.. Signature, .. Encoding.UTF8.GetBytes(TrustedComment)], _global);

    internal static byte[] Create(MinisignSecretKey key, ReadOnlySpan<byte> content, string trustedComment)
    {
        var signature = key.Sign(LibCrypto.Blake2b512(content));
        var global = key.Sign([.. signature, .. Encoding.UTF8.GetBytes(trustedComment)]);
        byte[] bytes = [.. "ED"u8, .. key.PublicKey.KeyId, .. signature];
        return Encoding.UTF8.GetBytes(
            $"{UntrustedPrefix}signature of a bundle\n{Convert.ToBase64String(bytes)}\n{TrustedPrefix}{trustedComment}\n{Convert.ToBase64String(global)}\n");
    }
}
