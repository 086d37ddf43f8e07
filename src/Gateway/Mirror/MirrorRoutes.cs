using GetStream.Http;

namespace StreamGateway.Mirror;

/// <summary>Finds the operation that a method and a path mean. Built once; safe from any thread.</summary>
internal sealed class MirrorRoutes
{
    private readonly Node _root = new();

    public MirrorRoutes()
    {
        foreach (var operation in ApiOperations.All.Concat(ApiOperations.ClientSide))
        {
            var node = _root;
            foreach (var segment in Segments(operation.Path))
            {
                node = node.Child(segment);
            }

            // Both descriptions have some operations; the server's stands.
            node.Operations.TryAdd(operation.Method.Method, operation);
        }
    }

    /// <summary>The operations of a path by their methods; empty for a path that Stream does not have.</summary>
    public IReadOnlyDictionary<string, ApiOperation> Find(string path) =>
        Find(_root, Segments(path), 0)?.Operations ?? Node.None;

    /// <summary>A written-out segment is a better fit than a parameter: <c>users/block</c> is not a user's.</summary>
    private static Node? Find(Node node, string[] segments, int at)
    {
        if (at == segments.Length)
        {
            return node.Operations.Count > 0 ? node : null;
        }

        return (node.Literals.TryGetValue(segments[at], out var literal) ? Find(literal, segments, at + 1) : null)
            ?? (node.Parameter is { } parameter && segments[at].Length > 0 ? Find(parameter, segments, at + 1) : null);
    }

    private static string[] Segments(string path) => path.Split('/')[1..];

    private sealed class Node
    {
        public static readonly Dictionary<string, ApiOperation> None = [];

        public Dictionary<string, Node> Literals { get; } = [];

        public Node? Parameter { get; private set; }

        public Dictionary<string, ApiOperation> Operations { get; } = [];

        public Node Child(string segment)
        {
            if (segment.StartsWith('{'))
            {
                return Parameter ??= new Node();
            }

            return Literals.TryGetValue(segment, out var known) ? known : Literals[segment] = new Node();
        }
    }
}
