namespace GetStream.Local.Queries;

/// <summary>A field that queries may filter and sort by.</summary>
/// <param name="Name">As clients spell it.</param>
/// <param name="Kind">The kind of its values.</param>
/// <param name="Read">Its value: text, bool, double, <see cref="DateTimeOffset"/>, a set of texts, or null for
/// none.</param>
internal sealed record QueryField<T>(string Name, FieldKind Kind, Func<T, object?> Read);
