using System.ComponentModel.DataAnnotations;

namespace StreamGateway.Json;

/// <summary>A text that matches a pattern. Unlike its base, it does not let the empty text pass.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PatternAttribute : RegularExpressionAttribute
{
    public PatternAttribute(string pattern, string rule)
        : base(pattern) => ErrorMessage = rule;

    public override bool IsValid(object? value) => value is not "" && base.IsValid(value);
}
