namespace StreamGateway.Native.StressHost;

/// <summary>What has happened so far; every field is written with Interlocked.</summary>
internal static class Figures
{
    public static long Calls;
    public static long Events;
    public static long Completions;
    public static long Callbacks;
    public static long LogLines;
    public static long NullReferences;
    public static long Collections;
    public static long Signals;
    public static long ChildSignals;
    public static long MediaBytes;
    public static long Instances;
    public static long Refused;
    public static long Cancelled;
    public static long LevelChanges;

    public static string Text(TimeSpan elapsed) =>
        $"seconds={elapsed.TotalSeconds:F0} calls={Calls} events={Events} completions={Completions} callbacks={Callbacks} " +
        $"log_lines={LogLines} collections={Collections} null_references={NullReferences} signals={Signals} child_signals={ChildSignals} media_bytes={MediaBytes} " +
        $"instances={Instances} refused={Refused} cancelled={Cancelled} level_changes={LevelChanges}";
}
