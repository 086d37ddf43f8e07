using System.Text.Json.Nodes;

namespace GetStream.Local.Sfu;

/// <summary>How the SFU shows a user to the other participants.</summary>
internal sealed record SfuUser(string Id, string Name, string Image, JsonObject Custom);
