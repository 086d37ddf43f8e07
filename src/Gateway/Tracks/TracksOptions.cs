using System.ComponentModel.DataAnnotations;
using StreamGateway.Settings;

namespace StreamGateway.Tracks;

/// <summary>Listening: section <c>Tracks</c>.</summary>
internal sealed class TracksOptions
{
    public const string Section = "Tracks";

    /// <value>The longest <c>wait_ms</c> a client may ask for. The default is 60 seconds.</value>
    [Duration("00:00:00", "00:10:00")]
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <value>Bytes of sound kept for a slow listener before the oldest go. The default is 256 KiB.</value>
    [Range(16_384, 16_777_216)]
    public int BufferBytes { get; set; } = 256 * 1024;

    /// <value>Bytes of video kept for a slow listener before the oldest go. The default is 4 MiB.</value>
    [Range(16_384, 16_777_216)]
    public int VideoBufferBytes { get; set; } = 4 * 1024 * 1024;

    /// <value>A listener that takes nothing for so long is cut off. The default is 30 seconds.</value>
    [Duration("00:00:05", "01:00:00")]
    public TimeSpan StalledListenerTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
