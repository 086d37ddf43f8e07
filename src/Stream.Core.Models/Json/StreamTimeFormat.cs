namespace GetStream.Json;

/// <summary>How instants are spelled in JSON; both spellings are always understood when reading.</summary>
public enum StreamTimeFormat
{
    /// <summary>An integer count of nanoseconds since 1970, as the API answers under <c>/api/v2</c>.</summary>
    Nanoseconds,

    /// <summary>RFC 3339 text with up to nine fractional digits, as the API takes in requests.</summary>
    Text,
}
