using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;

namespace StreamGateway.Json;

/// <summary>Bounds the free-form objects that clients attach to users, events and reactions, as Stream bounds them.</summary>
internal static class CustomData
{
    public const int MaximumBytes = 5_000;

    public static IEnumerable<ValidationResult> Check(JsonElement? custom, string field)
    {
        if (custom is not { } given)
        {
            yield break;
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            yield return new ValidationResult("must be an object", [field]);
        }
        else if (Encoding.UTF8.GetByteCount(given.GetRawText()) > MaximumBytes)
        {
            yield return new ValidationResult($"must have at most {MaximumBytes} bytes", [field]);
        }
    }
}
