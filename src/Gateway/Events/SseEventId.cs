using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace StreamGateway.Events;

/// <summary>
/// The <c>id:</c> of a server-sent event, <c>{epoch}-{position}</c>: positions rise within an epoch, and an epoch is one
/// journal's life. Opaque to clients.
/// </summary>
internal readonly record struct SseEventId(uint Epoch, long Position)
{
    /// <summary>Bytes that <see cref="Format"/> needs at most.</summary>
    public const int MaximumLength = 8 + 1 + 19;

    public static bool TryParse(string? text, [NotNullWhen(true)] out SseEventId? id)
    {
        id = null;
        if (text is null || text.Length > MaximumLength || text.IndexOf('-') is not (>= 1 and <= 8 and var dash)
            || !uint.TryParse(text.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var epoch)
            || !long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position))
        {
            return false;
        }

        id = new SseEventId(epoch, position);
        return true;
    }

    public int Format(Span<byte> destination)
    {
        Utf8Formatter.TryFormat(Epoch, destination, out var epochLength, new('x', 8));
        destination[epochLength] = (byte)'-';
        Utf8Formatter.TryFormat(Position, destination[(epochLength + 1)..], out var positionLength);
        return epochLength + 1 + positionLength;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch:x8}-{Position}");
}
