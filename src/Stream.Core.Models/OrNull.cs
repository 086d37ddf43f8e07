using System.Diagnostics.CodeAnalysis;

namespace GetStream;

/// <summary>
/// A value, or JSON's <c>null</c> said on purpose. The API tells the two from a property that is left out, which is
/// what null means elsewhere: an <c>OrNull&lt;T&gt;?</c> of null is left out, and <see cref="Null"/> clears the property.
/// </summary>
/// <typeparam name="T">The type of the value; it converts by itself.</typeparam>
public readonly record struct OrNull<T>
    where T : struct
{
    private OrNull(T value) => Value = value;

    /// <summary>JSON's <c>null</c>.</summary>
    [SuppressMessage("Design", "CA1000", Justification = "Which type it is null of has to be said anyway.")]
    public static OrNull<T> Null => default;

    /// <summary>The value, or null for JSON's <c>null</c>.</summary>
    public T? Value { get; }

    /// <summary>Wraps a value.</summary>
    public static implicit operator OrNull<T>(T value) => new(value);

    /// <summary>The value's text, or <c>null</c>.</summary>
    public override string ToString() => Value?.ToString() ?? "null";
}
