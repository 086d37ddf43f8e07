namespace GetStream.Json;

/// <summary>An open set of texts: values this version does not know are kept as they came.</summary>
/// <typeparam name="TSelf">The implementing type.</typeparam>
public interface IStreamEnum<TSelf>
    where TSelf : struct, IStreamEnum<TSelf>
{
    /// <summary>The text on the wire; empty for the default value of the type.</summary>
    string Value { get; }

    /// <summary>Wraps any text.</summary>
    static abstract TSelf From(string value);
}
