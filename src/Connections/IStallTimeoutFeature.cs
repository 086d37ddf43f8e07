namespace StreamGateway.Connections;

/// <summary>Lets a request say how long its client may take nothing of its answer.</summary>
public interface IStallTimeoutFeature
{
    /// <value>Holds until the request is over.</value>
    TimeSpan StallTimeout { get; set; }
}
