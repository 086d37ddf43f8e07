using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Queries;

/// <summary>An order of rows without ties: by the fields asked for, then by id.</summary>
internal sealed class RowOrder<T>
{
    private readonly QuerySchema<T> _schema;
    private readonly List<(QueryField<T> Field, int Direction)> _fields;

    /// <exception cref="ApiException">A field or direction is not what queries take.</exception>
    public RowOrder(
        IReadOnlyList<SortParamRequest>? sort, QuerySchema<T> schema, string defaultField, int defaultDirection,
        int maxFields)
    {
        _schema = schema;
        Limits.Count(sort?.Count ?? 0, maxFields, "sort");
        _fields = sort is { Count: > 0 }
            ? [.. sort.Select(one => (schema.Field(one.Field ?? ""), Direction(one.Direction ?? 1)))]
            : [(schema.Field(defaultField), defaultDirection)];
    }

    /// <summary>What places a row: the values it is sorted by, and its id.</summary>
    public object?[] Key(T row) => [.. _fields.Select(entry => entry.Field.Read(row)), _schema.Id(row)];

    public int Compare(object?[] left, object?[] right)
    {
        for (var i = 0; i < _fields.Count; i++)
        {
            var order = ValueOrder.Compare(left[i], right[i]);
            if (order != 0)
                return order * _fields[i].Direction;
        }

        return ValueOrder.Compare(left[^1], right[^1]);
    }

    private static int Direction(int direction) =>
        direction is 1 or -1
            ? direction
            : throw ApiException.InvalidField("sort.direction", $"must be 1 or -1, not {direction}");
}
