namespace GetStream.Local.Queries;

/// <summary>What values a field of a query has.</summary>
internal enum FieldKind
{
    Text,
    Flag,
    Number,
    Time,
    TextList,

    /// <summary>Custom data: whatever the application put there.</summary>
    Any,
}
