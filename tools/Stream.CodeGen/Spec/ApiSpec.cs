namespace GetStream.CodeGen.Spec;

/// <summary>One description of the API: what is called, with which types, and what events it sends.</summary>
internal sealed record ApiSpec(
    string Version,
    IReadOnlyList<SpecOperation> Operations,
    IReadOnlyDictionary<string, SpecType> Types,
    IReadOnlyDictionary<string, SpecEvent> Events);

/// <summary>One method and path of the API.</summary>
internal sealed record SpecOperation(
    string Id,
    string Product,
    string Method,
    string Path,
    IReadOnlyList<SpecParameter> PathParameters,
    IReadOnlyList<SpecParameter> QueryParameters,
    string? Body,
    bool IsMultipart,
    string? Response,
    int Status);

/// <summary>A parameter of the path or the query.</summary>
internal sealed record SpecParameter(string Name, SpecConstraints Constraints, TypeReference Type, bool IsRequired);

/// <summary>An object, an open set of texts, or a union told apart by one property.</summary>
internal sealed record SpecType(
    string Name,
    IReadOnlyList<SpecField> Fields,
    IReadOnlyList<string> EnumValues,
    SpecUnion? Union);

/// <summary>A property of an object. In a nullable one, null means something else than absence.</summary>
internal sealed record SpecField(
    string Name,
    SpecConstraints Constraints,
    TypeReference Type,
    bool IsRequired,
    bool IsNullable,
    bool IsDeprecated,
    string? Default);

/// <summary>What the description says about permitted values; all of it is documentation except the value sets.</summary>
internal sealed record SpecConstraints(
    IReadOnlyList<string> EnumValues,
    double? Minimum,
    double? Maximum,
    int? MinLength,
    int? MaxLength,
    int? MinItems,
    int? MaxItems);

/// <summary>The values of the discriminating property and the types they stand for.</summary>
internal sealed record SpecUnion(string Discriminator, IReadOnlyDictionary<string, string> Mapping);

/// <summary>An event type and the value of its <c>type</c> property.</summary>
internal sealed record SpecEvent(string Name, string Type);
