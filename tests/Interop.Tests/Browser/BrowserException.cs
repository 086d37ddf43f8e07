namespace StreamGateway.Tests.Browser;

/// <summary>A page threw, or Chromium refused.</summary>
public sealed class BrowserException(string message) : Exception(message);
