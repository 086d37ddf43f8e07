using System.Globalization;
using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>The sentences of generated documentation.</summary>
internal static class Docs
{
    public static string Field(string name, SpecConstraints constraints, string? enumName) =>
        $"{Naming.Sentence(name)} (<c>{name}</c>).{Constraints(constraints, enumName)}";

    private static string Constraints(SpecConstraints constraints, string? enumName)
    {
        var text = "";
        text += Range("", constraints.Minimum, constraints.Maximum);
        text += Range(" characters", constraints.MinLength, constraints.MaxLength);
        text += Range(" items", constraints.MinItems, constraints.MaxItems);
        if (constraints.EnumValues.Count > 0 && enumName is null)
        {
            text += $" One of {string.Join(", ", constraints.EnumValues)}.";
        }

        return text;
    }

    private static string Range(string unit, double? minimum, double? maximum) => (minimum, maximum) switch
    {
        (null, null) => "",
        ({ } low, null) => $" At least {Number(low)}{unit}.",
        (null, { } high) => $" At most {Number(high)}{unit}.",
        ({ } low, { } high) => $" {Number(low)} to {Number(high)}{unit}.",
    };

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
