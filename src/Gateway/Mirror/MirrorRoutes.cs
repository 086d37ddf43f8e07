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
            foreach (var segment in operation.Path.Split('/')[1..])
            {
                node = node.Child(segment);
            }

            // Both descriptions have some operations; the server's stands.
            node.Operations.TryAdd(operation.Method.Method, operation);
        }
    }

    /// <summary>The operations of a path by their methods; empty for a path that Stream does not have.</summary>
    public IReadOnlyDictionary<string, ApiOperation> Find(string path) => Find(_root, path)?.Operations ?? Node.None;

    /// <summary>A written-out segment is a better fit than a parameter: <c>users/block</c> is not a user's.</summary>
    /// <param name="path">What is left of it: nothing, or a slash and more.</param>
    private static Node? Find(Node node, ReadOnlySpan<char> path)
    {
        if (path.IsEmpty)
        {
            return node.Operations.Count > 0 ? node : null;
        }

        var end = path[1..].IndexOf('/') + 1;
        var segment = end > 0 ? path[1..end] : path[1..];
        var rest = end > 0 ? path[end..] : [];
        return (node.Literal(segment) is { } literal ? Find(literal, rest) : null)
            ?? (node.Parameter is { } parameter && !segment.IsEmpty ? Find(parameter, rest) : null);
    }

    private sealed class Node
    {
        public static readonly Dictionary<string, ApiOperation> None = [];

        private readonly Dictionary<string, Node> _literals = [];

        public Node? Parameter { get; private set; }

        public Dictionary<string, ApiOperation> Operations { get; } = [];

        public Node? Literal(ReadOnlySpan<char> segment) =>
            _literals.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(segment, out var node) ? node : null;

        public Node Child(string segment)
        {
            if (segment.StartsWith('{'))
            {
                return Parameter ??= new Node();
            }

            return _literals.TryGetValue(segment, out var known) ? known : _literals[segment] = new Node();
        }
    }
}
