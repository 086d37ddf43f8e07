using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace GetStream.Local.Http;

[JsonSerializable(typeof(JsonObject))]
internal sealed partial class TreeJson : JsonSerializerContext;
