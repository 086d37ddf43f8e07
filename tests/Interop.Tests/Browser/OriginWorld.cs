using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace StreamGateway.Tests.Browser;

/// <summary>A Chromium and empty pages, under a name of another site and under an address of this machine.</summary>
public sealed class OriginWorld : IAsyncLifetime
{
    private WebApplication _pages = null!;
    private Chromium _chromium = null!;

    /// <summary>A page of a site that has nothing to do with the gateway.</summary>
    internal Uri ForeignPage => new UriBuilder(NearPage) { Host = "evil.test" }.Uri;

    /// <summary>A page of another server on this machine: the same site to a browser, another origin.</summary>
    internal Uri NearPage => new(_pages.Urls.Single());

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _pages = builder.Build();
        _pages.Run(context =>
        {
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<!doctype html><title>A page</title>");
        });
        await _pages.StartAsync();
        // The browser's own guard of local networks is off: a user may have clicked it away.
        _chromium = await Chromium.StartAsync(
            await Material.CameraAsync(), await Material.MicrophoneAsync(), "--host-resolver-rules=MAP evil.test 127.0.0.1",
            "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,BlockInsecurePrivateNetworkRequests");
    }

    public async Task DisposeAsync()
    {
        await _chromium.DisposeAsync();
        await _pages.DisposeAsync();
    }

    internal Task<Tab> OpenAsync(Uri page) => _chromium.OpenAsync(page);
}
