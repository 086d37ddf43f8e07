using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using StreamGateway.Native.Bundles;

namespace StreamGateway.Native.Bundler;

/// <summary>What a plugin is made of, in the two forms that tools read.</summary>
internal sealed class BillOfMaterials(BundlePlugin plugin, IReadOnlyList<(string Name, string Version)> components)
{
    private readonly DateTime _now = DateTime.UtcNow;

    private string Timestamp => _now.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>CycloneDX 1.5.</summary>
    internal byte[] ToCycloneDx() => Bytes(new JsonObject
    {
        ["bomFormat"] = "CycloneDX",
        ["specVersion"] = "1.5",
        ["serialNumber"] = $"urn:uuid:{Guid.NewGuid()}",
        ["version"] = 1,
        ["metadata"] = new JsonObject { ["timestamp"] = Timestamp, ["component"] = Component(plugin.Name!, plugin.Version!) },
        ["components"] = new JsonArray([.. components.Select(component => Component(component.Name, component.Version))]),
    });

    /// <summary>SPDX 2.3.</summary>
    internal byte[] ToSpdx() => Bytes(new JsonObject
    {
        ["spdxVersion"] = "SPDX-2.3",
        ["dataLicense"] = "CC0-1.0",
        ["SPDXID"] = "SPDXRef-DOCUMENT",
        ["name"] = $"{plugin.Name}-{plugin.Version}",
        ["documentNamespace"] = $"https://spdx.org/spdxdocs/{plugin.Name}-{plugin.Version}-{Guid.NewGuid()}",
        ["creationInfo"] = new JsonObject { ["created"] = Timestamp, ["creators"] = new JsonArray("Tool: StreamGateway.Native.Bundler") },
        ["documentDescribes"] = new JsonArray("SPDXRef-Package-0"),
        ["packages"] = new JsonArray(
        [
            Package(0, plugin.Name!, plugin.Version!, plugin.License),
            .. components.Select((component, index) => Package(index + 1, component.Name, component.Version, null)),
        ]),
        ["relationships"] = new JsonArray([.. components.Select((_, index) => new JsonObject
        {
            ["spdxElementId"] = "SPDXRef-Package-0",
            ["relationshipType"] = "STATIC_LINK",
            ["relatedSpdxElement"] = $"SPDXRef-Package-{index + 1}",
        })]),
    });

    private static JsonObject Component(string name, string version) => new()
    {
        ["type"] = "library", ["name"] = name, ["version"] = version,
    };

    private static JsonObject Package(int index, string name, string version, string? license) => new()
    {
        ["SPDXID"] = $"SPDXRef-Package-{index}",
        ["name"] = name,
        ["versionInfo"] = version,
        ["downloadLocation"] = "NOASSERTION",
        ["filesAnalyzed"] = false,
        ["licenseConcluded"] = license ?? "NOASSERTION",
    };

    private static byte[] Bytes(JsonObject document) => JsonSerializer.SerializeToUtf8Bytes(document, JsonSerializerOptions.Web);
}
