using System.ComponentModel.DataAnnotations;
using StreamGateway.Settings;

namespace StreamGateway.Audio;

/// <summary>The mix of a call and the socket for voice agents: section <c>Audio</c>.</summary>
internal sealed class AudioOptions
{
    public const string Section = "Audio";

    /// <value>Bytes of a mix kept for a slow listener before the oldest go. The default is 256 KiB.</value>
    [Range(16_384, 16_777_216)]
    public int BufferBytes { get; set; } = 256 * 1024;

    /// <value>A listener that takes nothing for so long is cut off. The default is 30 seconds.</value>
    [Duration("00:00:05", "01:00:00")]
    public TimeSpan StalledListenerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>How much speech a socket may send ahead of its time; more is refused with <c>overflow</c>. The default is 60 seconds.</value>
    [Duration("00:00:01", "00:05:00")]
    public TimeSpan SocketQueue { get; set; } = TimeSpan.FromSeconds(60);
}
