using System.Text.Json;
using System.Text.Json.Serialization;

namespace StreamGateway.Native.Rtc;

/// <summary>Whose tracks to receive: everybody's, nobody's, or those of some users.</summary>
[JsonConverter(typeof(RtcSelectionConverter))]
public sealed class RtcSelection : IEquatable<RtcSelection>
{
    private readonly string[]? _users;

    private RtcSelection(string name, string[]? users = null)
    {
        Name = name;
        _users = users;
    }

    public static RtcSelection All { get; } = new("all");

    public static RtcSelection None { get; } = new("none");

    /// <summary><c>all</c>, <c>none</c> or <c>some</c>.</summary>
    public string Name { get; }

    /// <summary>The users selected one by one; empty for <see cref="All"/> and <see cref="None"/>.</summary>
    public IReadOnlyList<string> UserIds => _users ?? [];

    public static RtcSelection Users(IEnumerable<string> userIds)
    {
        ArgumentNullException.ThrowIfNull(userIds);
        return new RtcSelection("some", userIds.ToArray());
    }

    public bool Equals(RtcSelection? other) =>
        other is not null && Name == other.Name && UserIds.SequenceEqual(other.UserIds);

    public override bool Equals(object? obj) => Equals(obj as RtcSelection);

    public override int GetHashCode() => HashCode.Combine(Name, UserIds.Count);

    public override string ToString() => _users is null ? Name : $"[{string.Join(", ", _users)}]";
}

/// <summary>Writes <c>"all"</c>, <c>"none"</c> or an array of user ids.</summary>
internal sealed class RtcSelectionConverter : JsonConverter<RtcSelection>
{
    public override RtcSelection Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String when reader.ValueTextEquals("all"u8):
                return RtcSelection.All;
            case JsonTokenType.String when reader.ValueTextEquals("none"u8):
                return RtcSelection.None;
            case JsonTokenType.StartArray:
                return RtcSelection.Users(ReadUsers(ref reader));
            default:
                throw new JsonException("A selection is \"all\", \"none\" or an array of user ids.");
        }
    }

    public override void Write(Utf8JsonWriter writer, RtcSelection value, JsonSerializerOptions options)
    {
        if (value.Name != "some")
        {
            writer.WriteStringValue(value.Name);
            return;
        }

        writer.WriteStartArray();
        foreach (var user in value.UserIds)
        {
            writer.WriteStringValue(user);
        }

        writer.WriteEndArray();
    }

    private static List<string> ReadUsers(ref Utf8JsonReader reader)
    {
        var users = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String)
            {
                throw new JsonException("A selection's array holds user ids.");
            }

            users.Add(reader.GetString()!);
        }

        return users;
    }
}
