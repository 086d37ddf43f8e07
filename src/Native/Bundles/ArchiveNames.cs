namespace StreamGateway.Native.Bundles;

/// <summary>Which names an entry of a bundle may have.</summary>
internal static class ArchiveNames
{
    private const int MaxLength = 512;

    /// <summary>What is wrong with a name, or null.</summary>
    internal static string? Problem(string name)
    {
        if (name.Length is 0 or > MaxLength)
        {
            return $"has a name of {name.Length} characters";
        }

        if (name.Any(character => character is '\\' or ':' || char.IsControl(character)))
        {
            return "has a name with a backslash, a colon or a control character";
        }

        return name.Split('/').Any(part => part is "" or "." or "..") ? "has a name that leads out of the bundle" : null;
    }
}
