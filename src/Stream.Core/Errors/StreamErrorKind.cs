namespace GetStream;

/// <summary>How a call failed.</summary>
public enum StreamErrorKind
{
    /// <summary>The API answered with an error of its own: see code and message.</summary>
    Api,

    /// <summary>No complete answer came in time.</summary>
    Timeout,

    /// <summary>The connection could not be made, or broke.</summary>
    Transport,

    /// <summary>An answer came that is not what the API sends: a redirect, another media type, broken JSON.</summary>
    InvalidAnswer,

    /// <summary>The answer was larger than the client accepts.</summary>
    AnswerTooLarge,
}
