namespace StreamGateway.Tests;

/// <summary>The sources these tests were built from.</summary>
public static class RepositoryFolder
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(folder!.FullName, "Gateway.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
