using System.Globalization;

namespace StreamGateway.Load;

/// <summary>Prints figures one a line, names on the left.</summary>
internal static class Figures
{
    public static void Print(string name, string value) => Console.WriteLine($"{name,-28} {value}");

    public static void PrintPercentiles(string name, IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0)
        {
            Print(name, "no values");
            return;
        }

        Print(name, string.Create(
            CultureInfo.InvariantCulture,
            $"p50 {At(sorted, 0.5),8:F1}  p90 {At(sorted, 0.9),8:F1}  p95 {At(sorted, 0.95),8:F1}  p99 {At(sorted, 0.99),8:F1}  max {sorted[^1],8:F1}  (n={sorted.Length})"));
    }

    public static double Percentile(IEnumerable<double> values, double quantile) => At([.. values.Order()], quantile);

    public static string Mebibytes(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB");

    private static double At(double[] sorted, double quantile) =>
        sorted[Math.Clamp((int)Math.Ceiling(quantile * sorted.Length) - 1, 0, sorted.Length - 1)];
}
