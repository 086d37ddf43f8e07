using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Tests.Support;

/// <summary>The C plugins built beside the tests.</summary>
internal static class TestPlugins
{
    internal static string Complete => PathOf("complete");

    internal static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "plugins", $"libtest_{name}.so");

    internal static IPlugin Load(PluginConfig? config = null, ILoggerFactory? loggers = null) =>
        NativePluginLoader.Load(Complete, config, loggers);

    /// <summary>Answers, objects and asynchronous calls of the complete plugin that are not yet freed.</summary>
    internal static unsafe long LiveAllocations
    {
        get
        {
            var library = NativeLibrary.Load(Complete);
            var export = (delegate* unmanaged[Cdecl]<long>)NativeLibrary.GetExport(library, "test_live_allocations");
            return export();
        }
    }
}
