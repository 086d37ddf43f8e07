namespace StreamGateway.Errors;

/// <summary>One kind of problem this service answers with.</summary>
/// <param name="Code">Stable and unique: clients may branch on it.</param>
/// <param name="Status">The HTTP status it travels with.</param>
/// <param name="Title">A few words that are the same for every occurrence.</param>
/// <param name="Advice">What a client can do about it.</param>
internal sealed record ProblemType(string Code, int Status, string Title, string Advice);
