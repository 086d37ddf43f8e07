namespace GetStream.CodeGen;

/// <summary>The folder of generated files: everything in it is ours, and anything else found there is removed.</summary>
internal sealed class OutputTree(string folder)
{
    public string Folder => folder;

    /// <summary>Paths that are missing, differ, or should not be there.</summary>
    public IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> files)
    {
        var changed = files.Where(file => Current(file.Key) != file.Value).Select(file => file.Key);
        return [.. changed.Concat(Existing().Where(path => !files.ContainsKey(path))).Order(StringComparer.Ordinal)];
    }

    /// <summary>Makes the folder hold exactly these files; unchanged ones keep their time stamps.</summary>
    public int Replace(IReadOnlyDictionary<string, string> files)
    {
        var differences = Differences(files);
        foreach (var path in differences)
        {
            var file = Path.Combine(folder, path);
            if (files.TryGetValue(path, out var text))
            {
                _ = Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                File.WriteAllText(file, text);
            }
            else
            {
                File.Delete(file);
            }
        }

        return differences.Count;
    }

    private string? Current(string path)
    {
        var file = Path.Combine(folder, path);
        return File.Exists(file) ? File.ReadAllText(file) : null;
    }

    private IEnumerable<string> Existing() =>
        Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))
            : [];
}
