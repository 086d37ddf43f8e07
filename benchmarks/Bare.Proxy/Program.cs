using System.Net;
using StreamGateway.Benchmarks;
using Yarp.ReverseProxy.Forwarder;

// Bare.Proxy bare|yarp PORT UPSTREAM: what a reverse proxy costs on ASP.NET Core, for mirror.sh to compare with. No keys, no routes, no
// limits, no metrics, no log.
if (args is not [("bare" or "yarp") and var kind, var port, var upstream])
{
    Console.Error.WriteLine("Bare.Proxy bare|yarp PORT UPSTREAM");
    return 2;
}

var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
builder.WebHost
    .UseKestrelCore()
    .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)))
    .UseSockets(sockets => sockets.WaitForDataBeforeAllocatingBuffer = false);
builder.Services.AddHttpForwarder();
await using var app = builder.Build();

using var http = new HttpMessageInvoker(new SocketsHttpHandler
{
    AllowAutoRedirect = false,
    AutomaticDecompression = DecompressionMethods.None,
    UseCookies = false,
    UseProxy = false,
    ActivityHeadersPropagator = null,
});
var yarp = app.Services.GetRequiredService<IHttpForwarder>();
app.Run(context => kind is "bare"
    ? BareForwarder.ForwardAsync(context, http, upstream)
    : yarp.SendAsync(context, upstream, http, ForwarderRequestConfig.Empty, HttpTransformer.Default).AsTask());
await app.RunAsync();
return 0;
