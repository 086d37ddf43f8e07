namespace GetStream.Local.Queries;

/// <summary>Orders field values: nothing first, then by kind, then by value.</summary>
internal static class ValueOrder
{
    public static int Compare(object? left, object? right) => (left, right) switch
    {
        (null, null) => 0,
        (null, _) => -1,
        (_, null) => 1,
        (string a, string b) => string.CompareOrdinal(a, b),
        (double a, double b) => a.CompareTo(b),
        (bool a, bool b) => a.CompareTo(b),
        (DateTimeOffset a, DateTimeOffset b) => a.CompareTo(b),
        _ => Rank(left).CompareTo(Rank(right)),
    };

    /// <summary>Whether two values can be put in order at all.</summary>
    public static bool Comparable(object? left, object? right) =>
        left is not null && right is not null && Rank(left) == Rank(right);

    private static int Rank(object value) => value switch
    {
        bool => 1,
        double => 2,
        DateTimeOffset => 3,
        string => 4,
        _ => 5,
    };
}
