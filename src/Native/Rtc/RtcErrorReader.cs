using System.Text.Json;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Rtc;

/// <summary>The one place where a failure of the library becomes an <see cref="RtcException"/>.</summary>
internal static class RtcErrorReader
{
    internal static RtcException Read(PluginException exception)
    {
        var details = ReadDetails(exception.Details);
        var kind = details?.Kind ?? RtcErrorNames.NameOf(KindOf(exception.Code));
        return new RtcException(kind, exception.Message, exception)
        {
            Command = exception.Tag,
            Stage = string.IsNullOrEmpty(details?.Stage) ? null : details.Stage,
            Stream = details?.Stream,
            Sfu = details?.Sfu,
        };
    }

    internal static RtcException Read(V1.Error error) =>
        new(error.Kind, error.Message) { Stage = error.Stage.Length == 0 ? null : error.Stage };

    // Failures of the border itself carry no details.
    private static RtcError KindOf(PluginErrorCode code) => code switch
    {
        PluginErrorCode.SerializationError or PluginErrorCode.ConfigError => RtcError.InvalidArgument,
        PluginErrorCode.Cancelled => RtcError.Cancelled,
        PluginErrorCode.Timeout => RtcError.DeadlineExceeded,
        PluginErrorCode.TooManyRequests => RtcError.CapacityExceeded,
        _ => RtcError.Internal,
    };

    private static ErrorDetails? ReadDetails(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, RtcJson.Default.ErrorDetails);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
