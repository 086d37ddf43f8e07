using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace StreamGateway.Settings;

/// <summary>Checks the validation attributes of an options class and names the full settings key in each message.</summary>
internal sealed class SettingsValidator<TOptions>(string section) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var failures = new List<string>();
        foreach (var property in typeof(TOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            Check(options, property, failures);
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private void Check(TOptions options, PropertyInfo property, List<string> failures)
    {
        var context = new ValidationContext(options)
        {
            MemberName = property.Name,
            DisplayName = $"{section}:{property.Name}",
        };
        var results = new List<ValidationResult>();
        if (!Validator.TryValidateProperty(property.GetValue(options), context, results))
        {
            failures.AddRange(results.Select(result => result.ErrorMessage!));
        }
    }
}
