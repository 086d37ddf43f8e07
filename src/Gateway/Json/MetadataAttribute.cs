using System.ComponentModel.DataAnnotations;

namespace StreamGateway.Json;

/// <summary>Bounds the string map a client keeps with a session.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class MetadataAttribute : ValidationAttribute
{
    private const int MaximumEntries = 50;
    private const int MaximumKeyLength = 64;
    private const int MaximumValueLength = 512;

    public override bool IsValid(object? value) =>
        value is not Dictionary<string, string> map
        || (map.Count <= MaximumEntries
            && map.All(entry => entry.Key.Length is > 0 and <= MaximumKeyLength
                && entry.Value is { Length: <= MaximumValueLength }));

    public override string FormatErrorMessage(string name) =>
        $"must have at most {MaximumEntries} entries, with keys of 1 to {MaximumKeyLength} and values of at most {MaximumValueLength} characters";
}
