namespace StreamGateway.Errors;

/// <summary>Marks an endpoint whose problems have their detail as <c>message</c> too, which is where Stream's SDKs look.</summary>
internal sealed class DetailAsMessage;
