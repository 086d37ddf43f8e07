namespace GetStream.Tests.Spec;

/// <summary>What kind of sample to make.</summary>
/// <param name="TextTimes">Times as text rather than nanoseconds.</param>
/// <param name="UnknownValues">Values that no list of permitted ones holds.</param>
/// <param name="RequiredOnly">Nothing optional.</param>
internal sealed record SampleOptions(bool TextTimes = false, bool UnknownValues = false, bool RequiredOnly = false);
