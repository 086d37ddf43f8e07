namespace StreamGateway.Tests.Recordings;

/// <summary>A directory for recordings that is gone after the test.</summary>
public sealed class RecordingFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("recordings-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
