using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace GetStream.Local;

/// <summary>The program's options; each has an environment variable for containers.</summary>
internal sealed class ProgramOptions
{
    private readonly Option<string> _host = Create(
        "--host", "LOCAL_STREAM_HOST", "IP address to listen on", "127.0.0.1");
    private readonly Option<int> _port = Create(
        "--port", "LOCAL_STREAM_PORT", "port of the coordinator; 0 takes a free one", 8090);
    private readonly Option<int> _sfuPort = Create(
        "--sfu-port", "LOCAL_STREAM_SFU_PORT", "port of the SFU's signaling; 0 takes a free one", 8091);
    private readonly Option<int> _mediaPort = Create(
        "--media-port", "LOCAL_STREAM_MEDIA_PORT", "UDP port of the SFU's media; 0 takes a free one", 0);
    private readonly Option<string?> _publicAddress =
        Create<string?>(
            "--public-address", "LOCAL_STREAM_PUBLIC_ADDRESS",
            "IP address that clients reach the media at, when it differs", null);
    private readonly Option<string?> _origins =
        Create<string?>(
            "--allowed-origins", "LOCAL_STREAM_ALLOWED_ORIGINS",
            "origins whose pages may call, separated by commas; pages of this machine always may", null);
    private readonly Option<string> _apiKey = Create("--api-key", "LOCAL_STREAM_API_KEY", "API key", "local");
    private readonly Option<string?> _apiSecret =
        Create<string?>(
            "--api-secret", "LOCAL_STREAM_API_SECRET",
            "secret that signs tokens; a new one for each start unless given", null);
    private readonly Option<string?> _data =
        Create<string?>(
            "--data", "LOCAL_STREAM_DATA",
            "file that keeps the state over restarts; without it, state is in memory alone", null);
    private readonly Option<string?> _webhook =
        Create<string?>(
            "--webhook-url", "LOCAL_STREAM_WEBHOOK_URL", "address that all events are sent to, as webhooks", null);
    private readonly Option<string?> _webhookNetworks =
        Create<string?>(
            "--webhook-networks", "LOCAL_STREAM_WEBHOOK_NETWORKS",
            "IP addresses and networks, separated by commas, that webhooks set over the API may lead to although they are not public",
            null);
    private readonly Option<bool> _strictUsers = new("--strict-users")
    {
        Description = "refuse users of good tokens who were never created, as Stream does",
    };

    private readonly Option<bool> _verbose = new("--verbose") { Description = "log every connection" };

    public static ProgramOptions Create() => new();

    public void AddTo(RootCommand command)
    {
        Option[] all =
        [
            _host, _port, _sfuPort, _mediaPort, _publicAddress, _origins, _apiKey, _apiSecret, _data, _webhook,
            _webhookNetworks, _strictUsers,
            _verbose,
        ];
        foreach (var option in all)
            command.Options.Add(option);
    }

    public StandaloneOptions Read(ParseResult parsed) => new(
        new LocalStreamOptions
        {
            Host = parsed.GetRequiredValue(_host),
            Port = parsed.GetValue(_port),
            SfuPort = parsed.GetValue(_sfuPort),
            SfuMediaPort = parsed.GetValue(_mediaPort),
            SfuPublicAddress = parsed.GetValue(_publicAddress),
            AllowedOrigins = parsed.GetValue(_origins)?.Split(',', StringSplitOptions.TrimEntries) ?? [],
            ApiKey = parsed.GetRequiredValue(_apiKey),
            ApiSecret = parsed.GetValue(_apiSecret),
            DataFile = parsed.GetValue(_data),
            WebhookUrl = parsed.GetValue(_webhook),
            AllowedWebhookNetworks = (parsed.GetValue(_webhookNetworks) ?? "").Split(
                ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            CreateUnknownUsers = !parsed.GetValue(_strictUsers),
        },
        parsed.GetValue(_verbose));

    private static Option<T> Create<T>(string name, string variable, string description, T fallback) => new(name)
    {
        Description = $"{description} ({variable})",
        DefaultValueFactory = result => FromEnvironment(variable, result, fallback),
    };

    private static T FromEnvironment<T>(string variable, ArgumentResult result, T fallback)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text)
            return fallback;
        if (typeof(T) != typeof(int))
            return (T)(object)text;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return (T)(object)number;
        result.AddError($"{variable} must be a whole number, not \"{text}\"");
        return fallback;
    }
}

/// <summary>What the program was asked for.</summary>
internal sealed record StandaloneOptions(LocalStreamOptions Server, bool Verbose);
