using System.Text.Json;
using System.Text.Json.Serialization;

namespace GetStream.Benchmarks;

/// <summary>The same call by hand: HttpClient and System.Text.Json's source generator, nothing else.</summary>
internal sealed class RawClient(Uri address, string token) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });

    public async Task<RawTask> GetTaskAsync(string id)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"{address}api/v2/tasks/{Uri.EscapeDataString(id)}?api_key=key");
        _ = request.Headers.TryAddWithoutValidation("Authorization", token);
        _ = request.Headers.TryAddWithoutValidation("stream-auth-type", "jwt");
        _ = request.Headers.TryAddWithoutValidation("X-Stream-Client", "raw");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        _ = response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync();
        return (await JsonSerializer.DeserializeAsync(body, RawContext.Default.RawTask))!;
    }

    public void Dispose() => _http.Dispose();
}

internal sealed record RawTask
{
    [JsonPropertyName("task_id")]
    public required string TaskId { get; init; }

    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("created_at")]
    public required long CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required long UpdatedAt { get; init; }

    [JsonPropertyName("duration")]
    public required string Duration { get; init; }
}

[JsonSerializable(typeof(RawTask))]
internal sealed partial class RawContext : JsonSerializerContext;
