namespace StreamGateway.Native.StressHost;

/// <summary>Sessions that talk while the border is under stress.</summary>
internal interface ILiveSessions : IAsyncDisposable
{
    /// <summary>Everybody leaves; what was not heard fails the run.</summary>
    Task StopAsync();
}
