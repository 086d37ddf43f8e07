using System.Text.Json.Nodes;
using GetStream.Local.Errors;

namespace GetStream.Local.Queries;

/// <summary>Turns Stream's filter conditions into a test of rows.</summary>
internal static class Filter
{
    private const int MaxConditions = 100;

    /// <exception cref="ApiException">A field, an operator or a value is not what queries take; the message names
    /// it.</exception>
    public static Func<T, bool> Parse<T>(JsonObject? conditions, QuerySchema<T> schema)
    {
        var budget = MaxConditions;
        return All(conditions ?? [], schema, ref budget);
    }

    private static Func<T, bool> All<T>(JsonObject conditions, QuerySchema<T> schema, ref int budget)
    {
        var tests = new List<Func<T, bool>>(conditions.Count);
        foreach (var (name, value) in conditions)
        {
            tests.Add(name switch
            {
                "$and" => And(Branches(name, value, schema, ref budget)),
                "$or" => Or(Branches(name, value, schema, ref budget)),
                "$nor" => Not(Or(Branches(name, value, schema, ref budget))),
                _ => Field(schema.Field(name), value, ref budget),
            });
        }

        return And(tests);
    }

    private static List<Func<T, bool>> Branches<T>(string name, JsonNode? value, QuerySchema<T> schema, ref int budget)
    {
        if (value is not JsonArray { Count: > 0 } list)
            throw ApiException.Input($"{name} takes a list of filters");
        var branches = new List<Func<T, bool>>(list.Count);
        foreach (var branch in list)
        {
            var conditions = branch as JsonObject ?? throw ApiException.Input($"{name} takes a list of filters");
            branches.Add(All(conditions, schema, ref budget));
        }

        return branches;
    }

    private static Func<T, bool> Field<T>(QueryField<T> field, JsonNode? value, ref int budget)
    {
        // A bare value means equality.
        var operators = value is JsonObject { Count: > 0 } given
            ? given
            : new JsonObject { ["$eq"] = value?.DeepClone() };
        var tests = new List<Func<T, bool>>(operators.Count);
        foreach (var (name, operand) in operators)
        {
            if (--budget < 0)
                throw ApiException.Input($"a filter has at most {MaxConditions} conditions");
            var test = FilterOperator.Parse(name, operand, field.Kind, $"{field.Name} {name}");
            tests.Add(row => test(field.Read(row)));
        }

        return And(tests);
    }

    private static Func<T, bool> And<T>(List<Func<T, bool>> tests) => row => tests.TrueForAll(test => test(row));

    private static Func<T, bool> Or<T>(List<Func<T, bool>> tests) => row => tests.Exists(test => test(row));

    private static Func<T, bool> Not<T>(Func<T, bool> test) => row => !test(row);
}
