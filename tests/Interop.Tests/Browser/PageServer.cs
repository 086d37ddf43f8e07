using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace StreamGateway.Tests.Browser;

/// <summary>Serves the page of <c>tests/node/browser</c>, bundled with Stream's client.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PageServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public static async Task<PageServer> StartAsync()
    {
        var script = await BundleAsync();
        var page = await File.ReadAllBytesAsync(Repository.PathOf("tests", "node", "browser", "page.html"));
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context => context.Request.Path.Value switch
        {
            "/" => SendAsync(context, "text/html", page),
            "/page.js" => SendAsync(context, "text/javascript", script),
            _ => Task.FromResult(context.Response.StatusCode = StatusCodes.Status404NotFound),
        });
        await app.StartAsync();
        return new PageServer(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Task<byte[]> BundleAsync()
    {
        var packages = Repository.PathOf("tests", "node", "node_modules");
        if (!Directory.Exists(packages))
        {
            throw new DirectoryNotFoundException("The Node.js packages are missing: scripts/setup.sh --test installs them.");
        }

        return Tool.RunAsync("node",
        [
            Path.Combine(packages, "esbuild", "bin", "esbuild"), Repository.PathOf("tests", "node", "browser", "page.ts"),
            "--bundle", "--format=iife", "--target=chrome110", "--log-level=error",
        ]);
    }

    private static async Task SendAsync(HttpContext context, string type, byte[] body)
    {
        context.Response.ContentType = $"{type}; charset=utf-8";
        await context.Response.Body.WriteAsync(body);
    }
}
