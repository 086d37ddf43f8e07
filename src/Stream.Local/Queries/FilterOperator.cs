using System.Text.Json.Nodes;
using GetStream.Local.Errors;

namespace GetStream.Local.Queries;

/// <summary>The operators of filters, as tests of a field's value.</summary>
internal static class FilterOperator
{
    private static readonly string[] s_equality = ["$eq", "$ne", "$in", "$nin", "$exists"];
    private static readonly string[] s_order = [.. s_equality, "$gt", "$gte", "$lt", "$lte"];
    private static readonly string[] s_text = [.. s_order, "$autocomplete", "$q"];
    private static readonly string[] s_list = [.. s_equality, "$contains"];
    private static readonly string[] s_all = [.. s_text, "$contains"];

    /// <exception cref="ApiException">There is no such operator, not for this kind of field, or its value has the wrong
    /// kind.</exception>
    public static Predicate<object?> Parse(string name, JsonNode? operand, FieldKind kind, string where)
    {
        Require(name, kind, where);
        switch (name)
        {
            case "$eq":
                return Equal(operand, kind, where);
            case "$ne":
                var equal = Equal(operand, kind, where);
                return value => !equal(value);
            case "$in":
                return In(operand, kind, where);
            case "$nin":
                var listed = In(operand, kind, where);
                return value => !listed(value);
            case "$gt":
                return Ordered(operand, kind, where, order => order > 0);
            case "$gte":
                return Ordered(operand, kind, where, order => order >= 0);
            case "$lt":
                return Ordered(operand, kind, where, order => order < 0);
            case "$lte":
                return Ordered(operand, kind, where, order => order <= 0);
            case "$exists":
                var wanted = (bool)FilterOperand.Parse(operand ?? false, FieldKind.Flag, where)!;
                return value => (value is not null and not HashSet<string> { Count: 0 }) == wanted;
            case "$contains":
                var item = FilterOperand.Parse(operand, kind, where);
                return value => Matches(value, item);
            case "$autocomplete":
                var start = Text(operand, where);
                return value => value is string whole && StartsWord(whole, start);
            case "$q":
                var text = Text(operand, where);
                return value => value is string words && words.Contains(text, StringComparison.OrdinalIgnoreCase);
            default:
                throw Unknown(name);
        }
    }

    private static void Require(string name, FieldKind kind, string where)
    {
        if (!s_all.Contains(name))
            throw Unknown(name);
        var allowed = kind switch
        {
            FieldKind.Flag => s_equality,
            FieldKind.Time or FieldKind.Number => s_order,
            FieldKind.Text => s_text,
            FieldKind.TextList => s_list,
            _ => s_all,
        };
        if (!allowed.Contains(name))
            throw ApiException.Input($"{where} cannot be: the field takes {string.Join(", ", allowed)}");
    }

    private static ApiException Unknown(string name) =>
        ApiException.Input($"\"{Shortened.Text(name)}\" is not an operator of filters");

    /// <summary>Whether a text, or one of its words, begins with another text, whatever the case.</summary>
    public static bool StartsWord(string text, string start) =>
        text.StartsWith(start, StringComparison.OrdinalIgnoreCase)
        || text.Split([' ', '-', '_', '.'], StringSplitOptions.RemoveEmptyEntries)
            .Any(word => word.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    private static Predicate<object?> Equal(JsonNode? operand, FieldKind kind, string where)
    {
        if (operand is JsonArray)
        {
            var all = FilterOperand.ParseList(operand, kind, where);
            return value => value is HashSet<string> set && set.SetEquals(all.OfType<string>());
        }

        var wanted = FilterOperand.Parse(operand, kind, where);
        return value => Matches(value, wanted);
    }

    private static Predicate<object?> In(JsonNode? operand, FieldKind kind, string where)
    {
        var wanted = FilterOperand.ParseList(operand, kind, where);
        return value => wanted.Exists(one => Matches(value, one));
    }

    private static Predicate<object?> Ordered(JsonNode? operand, FieldKind kind, string where, Predicate<int> accepts)
    {
        var bound = FilterOperand.Parse(operand, kind, where) ?? throw ApiException.Input($"{where} takes a value");
        return value => ValueOrder.Comparable(value, bound) && accepts(ValueOrder.Compare(value, bound));
    }

    private static bool Matches(object? value, object? wanted) =>
        value is HashSet<string> set ? wanted is string one && set.Contains(one) : Equals(value, wanted);


    private static string Text(JsonNode? operand, string where) =>
        (string)(FilterOperand.Parse(operand, FieldKind.Text, where)
            ?? throw ApiException.Input($"{where} takes text"));
}
