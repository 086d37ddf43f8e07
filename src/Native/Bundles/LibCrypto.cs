using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace StreamGateway.Native.Bundles;

/// <summary>Ed25519 and BLAKE2b from OpenSSL 3, which .NET on Linux needs anyway; .NET itself has neither.</summary>
internal static unsafe partial class LibCrypto
{
    internal const int DigestSize = 64;
    internal const int SignatureSize = 64;
    internal const int KeySize = 32;

    private const string Library = "libcrypto.so.3";
    private const int Ed25519 = 1087;

    internal static byte[] Blake2b512(ReadOnlySpan<byte> data)
    {
        var digest = new byte[DigestSize];
        fixed (byte* input = data)
        fixed (byte* output = digest)
        {
            Require(EVP_Digest(input, (nuint)data.Length, output, null, EVP_blake2b512(), 0));
        }

        return digest;
    }

    internal static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        fixed (byte* key = publicKey)
        fixed (byte* data = message)
        fixed (byte* sign = signature)
        {
            var handle = EVP_PKEY_new_raw_public_key(Ed25519, 0, key, (nuint)publicKey.Length);
            var context = EVP_MD_CTX_new();
            try
            {
                Require(handle != 0 && context != 0 ? EVP_DigestVerifyInit(context, 0, 0, 0, handle) : 0);
                return EVP_DigestVerify(context, sign, (nuint)signature.Length, data, (nuint)message.Length) == 1;
            }
            finally
            {
                EVP_MD_CTX_free(context);
                EVP_PKEY_free(handle);
            }
        }
    }

    internal static byte[] Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        var signature = new byte[SignatureSize];
        fixed (byte* key = seed)
        fixed (byte* data = message)
        fixed (byte* sign = signature)
        {
            var handle = EVP_PKEY_new_raw_private_key(Ed25519, 0, key, (nuint)seed.Length);
            var context = EVP_MD_CTX_new();
            try
            {
                nuint size = SignatureSize;
                Require(handle != 0 && context != 0 ? EVP_DigestSignInit(context, 0, 0, 0, handle) : 0);
                Require(EVP_DigestSign(context, sign, &size, data, (nuint)message.Length));
            }
            finally
            {
                EVP_MD_CTX_free(context);
                EVP_PKEY_free(handle);
            }
        }

        return signature;
    }

    internal static byte[] PublicKeyOf(ReadOnlySpan<byte> seed)
    {
        var publicKey = new byte[KeySize];
        fixed (byte* key = seed)
        fixed (byte* output = publicKey)
        {
            var handle = EVP_PKEY_new_raw_private_key(Ed25519, 0, key, (nuint)seed.Length);
            try
            {
                nuint size = KeySize;
                Require(handle != 0 ? EVP_PKEY_get_raw_public_key(handle, output, &size) : 0);
            }
            finally
            {
                EVP_PKEY_free(handle);
            }
        }

        return publicKey;
    }

    private static void Require(int result)
    {
        if (result != 1)
        {
            throw new CryptographicException("libcrypto refused an operation.");
        }
    }

    [LibraryImport(Library)]
    private static partial int EVP_Digest(byte* data, nuint count, byte* digest, uint* size, nint type, nint engine);

    [LibraryImport(Library)]
    private static partial nint EVP_blake2b512();

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new_raw_public_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new_raw_private_key(int type, nint engine, byte* key, nuint length);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_get_raw_public_key(nint key, byte* output, nuint* length);

    [LibraryImport(Library)]
    private static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    private static partial nint EVP_MD_CTX_new();

    [LibraryImport(Library)]
    private static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(Library)]
    private static partial int EVP_DigestVerifyInit(nint context, nint keyContext, nint type, nint engine, nint key);

    [LibraryImport(Library)]
    private static partial int EVP_DigestVerify(nint context, byte* signature, nuint signatureLength, byte* data, nuint length);

    [LibraryImport(Library)]
    private static partial int EVP_DigestSignInit(nint context, nint keyContext, nint type, nint engine, nint key);

    [LibraryImport(Library)]
    private static partial int EVP_DigestSign(nint context, byte* signature, nuint* signatureLength, byte* data, nuint length);
}
