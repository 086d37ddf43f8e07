using System.Runtime.InteropServices;

namespace StreamGateway.Native.Interop;

/// <summary>Looks up exports of a library and remembers every required one that is missing.</summary>
internal sealed class SymbolReader(nint library)
{
    private readonly List<string> _missing = [];

    internal IReadOnlyList<string> Missing => _missing;

    internal nint Required(string name)
    {
        if (NativeLibrary.TryGetExport(library, name, out var address))
        {
            return address;
        }

        _missing.Add(name);
        return 0;
    }

    internal nint Optional(string name) => NativeLibrary.TryGetExport(library, name, out var address) ? address : 0;
}
