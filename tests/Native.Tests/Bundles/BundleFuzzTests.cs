using System.Diagnostics;
using System.Security.Cryptography;
using StreamGateway.Native.Bundles;
using Xunit.Abstractions;

namespace StreamGateway.Native.Tests.Bundles;

public sealed class BundleFuzzTests(ITestOutputHelper output)
{
    private const int Bundles = 100_000;
    private static readonly TimeSpan OneBundle = TimeSpan.FromSeconds(5);

    [Fact]
    public void Hundred_thousand_mutated_bundles_are_refused_or_whole_and_write_nothing_but_the_library()
    {
        using var files = TestBundle.Signed();
        var original = File.ReadAllBytes(files.Path);
        var library = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Support.TestPlugins.Complete)));
        var refusals = new int[Enum.GetValues<BundleError>().Length];
        var whole = 0;

        Parallel.For(0, Environment.ProcessorCount, worker =>
        {
            var random = new Random(4711 + worker);
            var path = Path.Combine(files.Folder, $"mutated-{worker}.rbp");
            for (var round = worker; round < Bundles; round += Environment.ProcessorCount)
            {
                File.WriteAllBytes(path, Mutate(original, random));
                var start = Stopwatch.GetTimestamp();
                if (Use(path, files.Cache) is { } refused)
                {
                    Interlocked.Increment(ref refusals[(int)refused]);
                }
                else
                {
                    Interlocked.Increment(ref whole);
                }

                Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, OneBundle);
            }

            File.Delete(path);
        });

        output.WriteLine($"{whole} whole; refused: {string.Join(", ", refusals.Select((count, error) => $"{(BundleError)error} {count}"))}");
        Assert.Equal(Bundles, whole + refusals.Sum());
        Assert.Equal([files.Cache, files.Path], Directory.GetFileSystemEntries(files.Folder).Order());
        Assert.Equal([library], Directory.GetFileSystemEntries(files.Cache).Select(Path.GetFileName));
    }

    /// <summary>Verifies everything and takes the library out; null when nothing was wrong.</summary>
    private static BundleError? Use(string path, string cache)
    {
        try
        {
            using var bundle = PluginBundle.Open(path, TestBundle.Trust);
            bundle.VerifyAll();
            bundle.ExtractLibrary(cacheFolder: cache);
            return null;
        }
        catch (BundleException refused)
        {
            return refused.Error;
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = (byte[])original.Clone();

        // Heads and the directory at the end matter most.
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            var index = random.Next(3) == 0 ? random.Next(bytes.Length) : bytes.Length - 1 - random.Next(Math.Min(2000, bytes.Length));
            bytes[index] = (byte)random.Next(256);
        }

        return random.Next(10) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }
}
