using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace StreamGateway.Settings;

/// <summary>Bounds a <see cref="TimeSpan"/> setting; both ends are allowed values.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DurationAttribute(string minimum, string maximum) : ValidationAttribute
{
    private readonly TimeSpan _minimum = TimeSpan.Parse(minimum, CultureInfo.InvariantCulture);
    private readonly TimeSpan _maximum = TimeSpan.Parse(maximum, CultureInfo.InvariantCulture);

    public override bool IsValid(object? value) =>
        value is null || (value is TimeSpan duration && duration >= _minimum && duration <= _maximum);

    public override string FormatErrorMessage(string name) =>
        $"{name} must be a duration between {_minimum} and {_maximum} (hh:mm:ss).";
}
