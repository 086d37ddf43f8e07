namespace StreamGateway.Native.Bundles;

/// <summary>Whose signatures a caller accepts. A key that a bundle brings along never counts.</summary>
public sealed class BundleTrust
{
    private BundleTrust(IReadOnlyList<MinisignPublicKey>? keys) => PublicKeys = keys;

    /// <summary>Accepts anything, signed or not; signatures are not looked at.</summary>
    public static BundleTrust Anyone { get; } = new(null);

    internal IReadOnlyList<MinisignPublicKey>? PublicKeys { get; }

    /// <summary>Accepts what one of these keys has signed.</summary>
    /// <exception cref="ArgumentException">There is no key.</exception>
    public static BundleTrust Keys(params IReadOnlyList<MinisignPublicKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return keys.Count > 0 ? new BundleTrust([.. keys]) : throw new ArgumentException("Trust needs at least one key.", nameof(keys));
    }
}
