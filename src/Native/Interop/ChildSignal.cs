using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace StreamGateway.Native.Interop;

/// <summary>.NET's handler for children that end, which must be there before a Go library is loaded.</summary>
/// <remarks>
/// .NET installs it with the first child process, and without SA_ONSTACK unless it replaces a handler that has the flag.
/// Go unblocks SIGCHLD on its own threads: such a handler would run on a goroutine's stack of a few KiB and overwrite
/// what lies below. A Go library sets the flag on every handler it finds when it is loaded. docs/abi.md tells the rest.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static class ChildSignal
{
    private static PosixSignalRegistration? held;

    /// <summary>Installs the handler and keeps it for the life of the process. Not for two threads at once.</summary>
    internal static void Hold() => held ??= PosixSignalRegistration.Create(PosixSignal.SIGCHLD, static _ => { });
}
