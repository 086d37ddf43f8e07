namespace StreamGateway.Connections;

/// <summary>Tells when a client cannot have read its answer.</summary>
public interface IUnreadAnswerFeature
{
    /// <summary>
    /// Runs <paramref name="action"/> when the connection is reset within <paramref name="within"/> and before another request
    /// of it: that is how a client goes that has closed before it read all that came.
    /// </summary>
    void OnReset(TimeSpan within, Action action);
}
