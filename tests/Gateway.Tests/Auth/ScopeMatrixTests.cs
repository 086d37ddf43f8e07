using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace StreamGateway.Tests.Auth;

/// <summary>The API description says which scope an operation needs, and the service does what it says.</summary>
public sealed partial class ScopeMatrixTests : IClassFixture<ScopeMatrixTests.World>
{
    private static readonly string[] Scopes = ["rest", "sessions:read", "sessions:write", "events:read", "admin"];

    private readonly GatewayApplication _gateway;

    public ScopeMatrixTests(World world) => _gateway = world.Gateway;

    [Fact]
    public async Task Every_operation_lets_in_the_keys_with_its_scope_and_no_others()
    {
        var wrong = new List<string>();
        foreach (var operation in (await OperationsAsync()).Where(operation => !operation.IsMirrored))
        {
            if (operation.Scopes is null)
            {
                await ExpectAsync(operation, key: null, "", isIn: true, wrong);
                continue;
            }

            await ExpectAsync(operation, key: null, "", isIn: false, wrong);
            foreach (var scope in Scopes)
            {
                await ExpectAsync(operation, scope, "", scope == "admin" || operation.Scopes.Contains(scope), wrong);
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Mirrored_operations_let_in_keys_with_the_scope_rest_alone()
    {
        var wrong = new List<string>();
        var mirrored = (await OperationsAsync()).Where(operation => operation.IsMirrored).ToList();
        foreach (var operation in mirrored)
        {
            Assert.Equal(["rest"], operation.Scopes!);
            await ExpectAsync(operation, key: null, "", isIn: false, wrong);
            await ExpectAsync(operation, "sessions:write", "", isIn: false, wrong);
        }

        Assert.Equal(420, mirrored.Count);
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task A_ticket_opens_its_path_where_tickets_are_taken_and_no_other()
    {
        var wrong = new List<string>();
        var operations = (await OperationsAsync()).Where(operation => !operation.IsMirrored && operation.Scopes is not null).ToList();
        var taking = operations.Where(operation => operation.TakesTicket).ToList();
        foreach (var operation in operations)
        {
            foreach (var opened in taking)
            {
                var ticket = await TicketAsync(opened.Path);
                await ExpectAsync(operation, key: null, $"?ticket={ticket}", operation == opened, wrong);
            }
        }

        Assert.Equal(7, taking.Count);
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Every_operation_names_the_schemes_it_takes_and_what_needs_no_key_names_none()
    {
        var document = await _gateway.GetAsync("/openapi/v1.json");
        Assert.False(document.TryGetProperty("security", out _));
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                string[] expected = ScopesOf(operation.Value) is null ? []
                    : TakesTicketOf(operation.Value) ? ["bearer", "api_key", "ticket"] : ["bearer", "api_key"];
                string[] schemes = operation.Value.TryGetProperty("security", out var security)
                    ? [.. security.EnumerateArray().SelectMany(one => one.EnumerateObject()).Select(scheme => scheme.Name)]
                    : [];
                Assert.True(expected.SequenceEqual(schemes), $"{operation.Name} {path.Name}: {string.Join(", ", schemes)}");
            }
        }

        var open = (await OperationsAsync()).Where(operation => operation.Scopes is null).Select(operation => operation.Path).Order();
        Assert.Equal(["/errors", "/errors/nothing-here", "/health/live", "/health/ready", "/v1/webhooks/stream"], open);
    }

    private async Task<string> TicketAsync(string path)
    {
        using var made = await _gateway.SendAsAsync("admin", HttpMethod.Post, "/v1/tickets", JsonSerializer.Serialize(new { paths = new[] { path } }));
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync());
        return (await GatewayApplication.JsonOf(made)).GetProperty("ticket").GetString()!;
    }

    private async Task ExpectAsync(Operation operation, string? key, string query, bool isIn, List<string> wrong)
    {
        var body = operation.Method == HttpMethod.Get || operation.Method == HttpMethod.Delete ? null : "{}";
        using var answer = await _gateway.SendAsAsync(key, operation.Method, operation.Path + query, body);
        var isRefused = answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
        // A webhook proves itself by its signature.
        if (isRefused == isIn && !operation.Path.StartsWith("/v1/webhooks", StringComparison.Ordinal))
        {
            wrong.Add($"{operation.Method} {operation.Path}{query} with {key ?? "no key"}: {(int)answer.StatusCode}");
        }
    }

    private async Task<IReadOnlyList<Operation>> OperationsAsync()
    {
        var document = await _gateway.GetAsync("/openapi/v1.json");
        return [.. from path in document.GetProperty("paths").EnumerateObject()
                   from method in path.Value.EnumerateObject()
                   select new Operation(
                       HttpMethod.Parse(method.Name), Parameter().Replace(path.Name, "nothing-here"), ScopesOf(method.Value), TakesTicketOf(method.Value))];
    }

    private static string[]? ScopesOf(JsonElement operation) =>
        operation.TryGetProperty("x-scopes", out var scopes)
            ? [.. scopes.EnumerateArray().SelectMany(scope => scope.GetString()!.Split(" or "))]
            : null;

    private static bool TakesTicketOf(JsonElement operation) =>
        operation.TryGetProperty("parameters", out var parameters)
        && parameters.EnumerateArray().Any(parameter => parameter.TryGetProperty("name", out var name) && name.GetString() == "ticket");

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    private sealed record Operation(HttpMethod Method, string Path, string[]? Scopes, bool TakesTicket)
    {
        public bool IsMirrored => Path.StartsWith("/api/v2/", StringComparison.Ordinal);
    }

    public sealed class World : IDisposable
    {
        public GatewayApplication Gateway { get; } = Scopes.Aggregate(new GatewayApplication(), (gateway, scope) => gateway.WithKey(scope, scope));

        public void Dispose() => Gateway.Dispose();
    }
}
