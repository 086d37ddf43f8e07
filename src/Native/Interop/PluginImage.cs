using System.Runtime.InteropServices;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Interop;

/// <summary>One shared library in this process, with the functions it exports.</summary>
/// <remarks>
/// One record per library file; loading it twice gives the same record. A library stays loaded for the life of the
/// process: calls in flight and native threads may outlive every instance, and a Go runtime cannot be unloaded at all.
/// </remarks>
internal sealed class PluginImage
{
    private static readonly Lock LoadLock = new();
    private static readonly Dictionary<nint, PluginImage> Loaded = [];
    private static string? goImage;
    private static RtcApi? loadedRtc;

    private readonly nint _library;
    private readonly Lazy<RtcApi> _rtc;

    private PluginImage(string path, nint library, bool isGo, PluginApi api)
    {
        Path = path;
        _library = library;
        IsGo = isGo;
        Api = api;
        _rtc = new Lazy<RtcApi>(ReadRtcApi);
    }

    internal string Path { get; }

    internal string Name => System.IO.Path.GetFileName(Path);

    internal bool IsGo { get; }

    internal readonly PluginApi Api;

    /// <summary>Tags its instances were called with.</summary>
    internal TagCache Tags { get; } = new();

    /// <summary>The functions of librtc; throws naming what is missing when the library is another plugin.</summary>
    internal RtcApi Rtc => _rtc.Value;

    /// <summary>Functions of librtc, once an instance of it was wanted in this process.</summary>
    internal static RtcApi? LoadedRtc => Volatile.Read(ref loadedRtc);

    /// <summary>Whether the process may die under garbage collection: a Go library that cannot undo its signal step.</summary>
    internal unsafe bool IsUnsafeGo => IsGo && Api.SignalProtect == null;

    /// <exception cref="PluginException">The file is missing, is no plugin for this process, or must not be loaded.</exception>
    internal static PluginImage Load(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
        {
            throw Failure("Failed to load a plugin: the path is empty.");
        }

        RequirePlatform(path);
        var realPath = RealPath(path);
        lock (LoadLock)
        {
            var elf = Inspect(realPath);
            if (elf.IsGo && goImage is { } other && other != realPath)
            {
                throw Failure(
                    $"Failed to load {realPath}: this process already holds the Go library {other}, and two Go runtimes in one process are not supported.");
            }

            if (elf.IsGo && OperatingSystem.IsLinux())
            {
                ChildSignal.Hold();
            }

            var library = Open(realPath);
            if (!Loaded.TryGetValue(library, out var image))
            {
                image = new PluginImage(realPath, library, elf.IsGo, ReadApi(realPath, library));
                Loaded.Add(library, image);
                goImage ??= elf.IsGo ? realPath : null;
            }

            image.ProtectSignals();
            return image;
        }
    }

    /// <summary>
    /// Undoes what a Go runtime does to the signal with which .NET suspends its threads; without it the process dies
    /// under garbage collection. Repeated, because a Go runtime starts on a thread of its own after loading.
    /// </summary>
    internal unsafe void ProtectSignals()
    {
        var result = Api.SignalProtect == null ? 0 : Api.SignalProtect();
        if (result < 0)
        {
            throw Failure($"Failed to load {Path}: protecting the runtime's signal failed (errno {-result}).");
        }
    }

    private static void RequirePlatform(string path)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess || !BitConverter.IsLittleEndian)
        {
            throw Failure($"Failed to load {path}: only 64-bit little-endian Linux is supported.");
        }

        if (RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal))
        {
            throw Failure(
                $"Failed to load {path}: this is a musl system ({RuntimeInformation.RuntimeIdentifier}); plugins need glibc, as on Debian.");
        }
    }

    private static string RealPath(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            throw Failure($"Failed to load {full}: there is no such file.");
        }

        return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }

    private static ElfFile Inspect(string path)
    {
        try
        {
            return ElfFile.Read(path, out var problem) ?? throw Failure($"Failed to load {path}: {problem}.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failure($"Failed to load {path}: {exception.Message}", exception);
        }
    }

    private static nint Open(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            throw Failure($"Failed to load {path}: {exception.Message}", exception);
        }
    }

    private static PluginApi ReadApi(string path, nint library)
    {
        var symbols = new SymbolReader(library);
        var api = new PluginApi(symbols);
        return symbols.Missing.Count == 0
            ? api
            : throw Failure($"Failed to load {path}: it does not export {string.Join(", ", symbols.Missing)}.");
    }

    private RtcApi ReadRtcApi()
    {
        var symbols = new SymbolReader(_library);
        var api = new RtcApi(symbols);
        if (symbols.Missing.Count > 0)
        {
            throw Failure($"{Path} is not the RTC library: it does not export {string.Join(", ", symbols.Missing)}.");
        }

        Volatile.Write(ref loadedRtc, api);
        return api;
    }

    private static PluginException Failure(string message, Exception? inner = null) =>
        new(PluginErrorCode.InitializationFailed, message, inner);
}
