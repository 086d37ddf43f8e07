using Microsoft.Extensions.Options;

namespace StreamGateway.Recordings;

/// <summary>Finds out at the start, rather than at the first recording, that its directory cannot be used.</summary>
internal sealed class RecordingsOptionsValidator : IValidateOptions<RecordingsOptions>
{
    public ValidateOptionsResult Validate(string? name, RecordingsOptions options)
    {
        if (options.FullDirectory is not { } directory)
        {
            return ValidateOptionsResult.Success;
        }

        try
        {
            Directory.CreateDirectory(directory);
            var probe = Path.Combine(directory, $".probe-{Guid.NewGuid():n}");
            File.Create(probe, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
            return ValidateOptionsResult.Success;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return ValidateOptionsResult.Fail($"Recordings:Directory cannot be used: {failure.Message}");
        }
    }
}
