using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace StreamGateway.Tests;

/// <summary>Lists what an assembly offers to its users, one member a line, in a fixed order.</summary>
/// <remarks>A listing is kept beside the sources: a change of what others compile against is then a line of the review.</remarks>
public static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>What the listing at <paramref name="path"/>, from the repository's root, lacks or has too much; empty when it is right.</summary>
    /// <remarks>With <c>APPROVE_API=1</c> the listing is written anew.</remarks>
    public static IReadOnlyList<string> Differences(string path, string offered)
    {
        var file = Path.Combine(RepositoryFolder.Path, path);
        if (Environment.GetEnvironmentVariable("APPROVE_API") == "1")
        {
            File.WriteAllText(file, offered);
        }

        var approved = Qualified(File.ReadAllText(file));
        var current = Qualified(offered);
        List<string> differences = [.. current.Except(approved).Select(line => $"new: {line}"), .. approved.Except(current).Select(line => $"gone: {line}")];
        return differences.Count == 0 ? [] : [$"APPROVE_API=1 takes these into {path}", .. differences];
    }

    /// <param name="assembly">What to list.</param>
    /// <param name="wanted">Which of its public types; null for all.</param>
    public static string List(Assembly assembly, Func<Type, bool>? wanted = null)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().Where(type => wanted?.Invoke(type) ?? true).OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(type.FullName).Append(Bases(type)).Append('\n');
            foreach (var line in Members(type).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(line).Append('\n');
            }
        }

        return text.ToString();
    }

    // Each member with its type: the same line may stand below two of them.
    private static List<string> Qualified(string listing)
    {
        var type = "";
        var lines = new List<string>();
        foreach (var line in listing.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            type = line.StartsWith(' ') ? type : line;
            lines.Add(line.StartsWith(' ') ? $"{type} | {line.Trim()}" : line);
        }

        return lines;
    }

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => type.IsByRefLike ? "ref struct" : "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string Bases(Type type)
    {
        var bases = type.GetInterfaces()
            .Where(contract => contract.IsPublic && contract.Namespace?.StartsWith("System", StringComparison.Ordinal) is false)
            .Select(Name).Order(StringComparer.Ordinal).ToList();
        if (type.BaseType is { } parent && !type.IsValueType && parent != typeof(object))
        {
            bases.Insert(0, Name(parent));
        }

        return bases.Count == 0 ? "" : " : " + string.Join(", ", bases);
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(field => $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue(), null)}");
        }

        return type.GetMembers(Declared).Where(IsOffered).Select(Line).OfType<string>();
    }

    // What the compiler writes into every record says nothing.
    private static bool IsOffered(MemberInfo member) => member switch
    {
        MethodBase method => IsVisible(method) && member.GetCustomAttribute<CompilerGeneratedAttribute>() is null,
        FieldInfo field => field.IsPublic || field.IsFamily,
        PropertyInfo property => property.GetAccessors(true).Any(IsVisible) && property.Name != "EqualityContract",
        EventInfo happening => happening.AddMethod is { } add && IsVisible(add),
        _ => false,
    };

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string? Line(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo { IsSpecialName: true } method when !method.Name.StartsWith("op_", StringComparison.Ordinal) => null,
        MethodInfo method => $"{Static(method)}{Name(method.ReturnType)} {method.Name}{Generics(method)}({Parameters(method)})",
        PropertyInfo property => $"{Static(property.GetAccessors(true)[0])}{Name(property.PropertyType)} {property.Name} {{ {Accessors(property)}}}",
        FieldInfo field => $"{(field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        EventInfo happening => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
        _ => null,
    };

    private static string Accessors(PropertyInfo property)
    {
        var text = property.GetMethod is { } get && IsVisible(get) ? "get; " : "";
        if (property.SetMethod is { } set && IsVisible(set))
        {
            text += set.ReturnParameter.GetRequiredCustomModifiers().Any(modifier => modifier.Name == "IsExternalInit") ? "init; " : "set; ";
        }

        return text;
    }

    private static string Static(MethodInfo method) => method.IsStatic ? "static " : "";

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Direction(parameter)}{Name(parameter.ParameterType)} {parameter.Name}{(parameter.IsOptional ? " = …" : "")}"));

    private static string Direction(ParameterInfo parameter) => parameter switch
    {
        { IsOut: true } => "out ",
        { IsIn: true, ParameterType.IsByRef: true } => "in ",
        { ParameterType.IsByRef: true } => "ref ",
        _ => "",
    };

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Name(value) + "?";
        }

        return type.IsGenericType
            ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : type.Name;
    }
}
