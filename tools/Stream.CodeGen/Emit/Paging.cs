using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>How an operation's list goes on: by a cursor or an offset, in the body or in the query.</summary>
internal sealed record Paging(string Field, bool InBody, SpecField Items)
{
    public bool IsCursor => Field is "next";

    /// <summary>Finds the paging of an operation, or null where it has none.</summary>
    public static Paging? Of(SpecOperation operation, ApiSpec spec)
    {
        if (operation.Response is not { } response
            || spec.Types[response].Fields.FirstOrDefault(IsListOfObjects) is not { } items)
        {
            return null;
        }

        var body = operation.Body is { } name ? spec.Types[name].Fields.Select(field => field.Name) : [];
        var query = operation.QueryParameters.Select(parameter => parameter.Name);
        var field = spec.Types[response].Fields.Any(field => field.Name is "next") ? "next" : "offset";
        return body.Contains(field) ? new Paging(field, InBody: true, items)
            : query.Contains(field) ? new Paging(field, InBody: false, items)
            : null;
    }

    private static bool IsListOfObjects(SpecField field) =>
        field.Type is { Kind: TypeKind.List, Element.Kind: TypeKind.Named };
}
