namespace GetStream.CodeGen.Spec;

/// <summary>
/// Adds the client-side description's part that a server needs as well: joining a call and the coordinator's WebSocket.
/// </summary>
/// <remarks>
/// Where both describe a type, the server's fields stand, and what only clients see is added as optional.
/// Operations are the server's plus the few in <see cref="s_operations"/>.
/// </remarks>
internal static class ClientSideMerge
{
    private static readonly string[] s_operations =
        ["JoinCall", "AcceptCall", "RejectCall", "RequestPermission", "SendVideoReaction"];

    /// <summary>The server has an object of the name WSEvent; the clients' union of all events gets another.</summary>
    private static readonly Dictionary<string, string> s_renamed = new() { ["WSEvent"] = "CoordinatorEvent" };

    public static ApiSpec Merge(ApiSpec server, ApiSpec client)
    {
        if (server.Version != client.Version)
        {
            throw new FormatException($"The descriptions differ in version: {server.Version} and {client.Version}.");
        }

        var types = server.Types.ToDictionary();
        foreach (var type in client.Types.Values)
        {
            var name = s_renamed.GetValueOrDefault(type.Name, type.Name);
            types[name] = types.TryGetValue(name, out var known) ? WithOptional(known, type) : type with { Name = name };
        }

        return server with
        {
            Types = types,
            Events = server.Events.Concat(client.Events.Where(e => !server.Events.ContainsKey(e.Key))).ToDictionary(),
        };
    }

    /// <summary>The operations that exist for clients only and are offered beside the server's.</summary>
    public static IReadOnlyList<SpecOperation> Operations(ApiSpec client) =>
        [.. client.Operations.Where(operation => s_operations.Contains(operation.Id))];

    private static SpecType WithOptional(SpecType known, SpecType other)
    {
        var added = other.Fields
            .Where(field => known.Fields.All(own => own.Name != field.Name))
            .Select(field => field with { IsRequired = false });
        return known with { Fields = [.. known.Fields, .. added] };
    }
}
