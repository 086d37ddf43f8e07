using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StreamGateway.Native.Benchmarks;

/// <summary>Binary message 1 of the test plugin.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SmallRequest
{
    private byte _version;
    private readonly byte _reserved0;
    private readonly ushort _reserved1;
    private Text64 _key;
    private uint _keyLength;
    private uint _flags;

    public static SmallRequest For(ReadOnlySpan<byte> key)
    {
        var request = new SmallRequest { _version = 1, _keyLength = (uint)key.Length, _flags = 1 };
        key.CopyTo(request._key);
        return request;
    }
}

/// <summary>Its answer.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SmallResponse
{
    private readonly uint _version;
    private readonly Text64 _value;
    private readonly uint _valueLength;
    private readonly uint _ttlSeconds;
    private readonly uint _cacheHit;

    public readonly uint CacheHit => _cacheHit & 0xff;
}

[InlineArray(64)]
public struct Text64
{
    private byte _first;
}
