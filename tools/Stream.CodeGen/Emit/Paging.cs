using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>How an operation's list goes on: by a cursor or an offset, in the body, in the query, or in JSON in the query.</summary>
/// <param name="Field">What the request says where to go on.</param>
/// <param name="NextField">What the answer says where to go on; only for cursors.</param>
/// <param name="Items">The list in the answer.</param>
/// <param name="Carrier">The type that has <paramref name="Field"/>; null for the query itself.</param>
/// <param name="Payload">The query parameter that carries it as JSON.</param>
internal sealed record Paging(string Field, string NextField, SpecField Items, string? Carrier, string? Payload)
{
    private static readonly (string Field, string NextField)[] s_cursors = [("next", "next"), ("cursor", "next_cursor")];

    public bool IsCursor => Field is not "offset";

    public bool InBody => Carrier is not null && Payload is null;

    /// <summary>Finds the paging of an operation, or null where it has none.</summary>
    public static Paging? Of(SpecOperation operation, ApiSpec spec)
    {
        if (operation.Response is not { } response
            || spec.Types[response].Fields.FirstOrDefault(IsListOfObjects) is not { } items)
        {
            return null;
        }

        var answered = spec.Types[response].Fields.Select(field => field.Name).ToHashSet();
        return s_cursors.Where(cursor => answered.Contains(cursor.NextField))
            .Append(("offset", ""))
            .Select(kind => Of(operation, spec, items, kind.Item1, kind.Item2))
            .FirstOrDefault(paging => paging is not null);
    }

    private static Paging? Of(SpecOperation operation, ApiSpec spec, SpecField items, string field, string nextField)
    {
        bool Has(string type) => spec.Types[type].Fields.Any(own => own.Name == field);

        if (operation.Body is { } body && Has(body))
        {
            return new Paging(field, nextField, items, body, Payload: null);
        }

        if (operation.QueryParameters.Any(parameter => parameter.Name == field))
        {
            return new Paging(field, nextField, items, Carrier: null, Payload: null);
        }

        return operation.QueryParameters.FirstOrDefault(p => p.Type.Kind is TypeKind.Named && Has(p.Type.Name)) is { } payload
            ? new Paging(field, nextField, items, payload.Type.Name, payload.Name)
            : null;
    }

    private static bool IsListOfObjects(SpecField field) =>
        field.Type is { Kind: TypeKind.List, Element.Kind: TypeKind.Named };
}
