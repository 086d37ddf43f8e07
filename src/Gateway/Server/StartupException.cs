namespace StreamGateway.Server;

/// <summary>The service cannot start, for a reason its operator can mend; the message is a sentence for them.</summary>
internal sealed class StartupException(string message, Exception? inner = null) : Exception(message, inner);
