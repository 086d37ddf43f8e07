using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using StreamGateway.Errors;
using StreamGateway.Native.Rtc;

namespace StreamGateway.Recordings;

/// <summary>The files of a recording as they lie on the disk, whole or in ranges.</summary>
internal static class RecordingFiles
{
    /// <summary>What a recording has beside its media.</summary>
    private static readonly string[] Records = ["manifest.json", "journal.jsonl"];

    /// <exception cref="ProblemException">The recording has no such file.</exception>
    public static PhysicalFileHttpResult Send(RtcRecording recording, string name)
    {
        // Only names that the manifest has reach the disk.
        var known = Records.Contains(name) || recording.Files.Any(file => file.Name == name);
        // Its records are locked by whoever makes it, and complete at its end only.
        var ready = known && (recording.State != "recording" || !Records.Contains(name));
        var file = ready ? new FileInfo(Path.Combine(recording.Path, name)) : null;
        if (file is not { Exists: true })
        {
            throw new ProblemException(
                ProblemTypes.RecordingFileNotFound,
                known ? $"{name} is there when the recording is over." : "The recording has no file of this name.");
        }

        var version = string.Create(CultureInfo.InvariantCulture, $"\"{file.LastWriteTimeUtc.Ticks:x}-{file.Length:x}\"");
        return TypedResults.PhysicalFile(
            file.FullName, ContentTypeOf(name), fileDownloadName: null, file.LastWriteTimeUtc, new EntityTagHeaderValue(version),
            enableRangeProcessing: true);
    }

    public static string ContentTypeOf(string name) => Path.GetExtension(name) switch
    {
        ".ogg" => "audio/ogg",
        ".ivf" => "video/x-ivf",
        ".json" => "application/json",
        ".jsonl" => "application/x-ndjson",
        _ => "application/octet-stream",
    };
}
