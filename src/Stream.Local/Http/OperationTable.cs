using System.Diagnostics;
using GetStream.Http;
using GetStream.Json;
using GetStream.Local.Auth;
using GetStream.Local.Errors;

namespace GetStream.Local.Http;

/// <summary>
/// The operations served: each at its own path under <c>/api/v2</c> and, for browsers, under <c>/video</c>. The rest
/// of the catalogue answers 501.
/// </summary>
internal sealed class OperationTable(
    Authenticator authenticator, RateLimits rateLimits, LocalStreamOptions options, TimeProvider clock)
{
    private const string ServerPrefix = "/api/v2";
    private const string BrowserPrefix = "/video";

    private readonly Dictionary<ApiOperation, ServedOperation> _served = [];

    public IReadOnlyDictionary<ApiOperation, OperationAccess> Served =>
        _served.ToDictionary(entry => entry.Key, entry => entry.Value.Access);

    /// <summary>Serves an operation without a body.</summary>
    public void Map<TAnswer>(ApiOperation operation, OperationAccess access, Func<ApiRequest, TAnswer> handle)
        where TAnswer : class, IStreamModel<TAnswer> =>
        Add(operation, access, (_, request) => Task.FromResult(handle(request)));

    /// <inheritdoc cref="Map{TAnswer}(ApiOperation, OperationAccess, Func{ApiRequest, TAnswer})"/>
    public void MapAsync<TAnswer>(
        ApiOperation operation, OperationAccess access, Func<ApiRequest, Task<TAnswer>> handle)
        where TAnswer : class, IStreamModel<TAnswer> =>
        Add(operation, access, (_, request) => handle(request));

    /// <summary>Serves an operation with a body; an empty body counts as <c>{}</c>.</summary>
    public void Map<TBody, TAnswer>(
        ApiOperation operation, OperationAccess access, Func<ApiRequest, TBody, TAnswer> handle)
        where TBody : class, IStreamModel<TBody>
        where TAnswer : class, IStreamModel<TAnswer> =>
        Add(operation, access, async (http, request) => handle(request, await ReadBodyAsync<TBody>(http)));

    /// <inheritdoc cref="Map{TBody, TAnswer}(ApiOperation, OperationAccess, Func{ApiRequest, TBody, TAnswer})"/>
    public void MapAsync<TBody, TAnswer>(
        ApiOperation operation, OperationAccess access, Func<ApiRequest, TBody, Task<TAnswer>> handle)
        where TBody : class, IStreamModel<TBody>
        where TAnswer : class, IStreamModel<TAnswer> =>
        Add(operation, access, async (http, request) => await handle(request, await ReadBodyAsync<TBody>(http)));

    /// <summary>Makes routes of the whole catalogue.</summary>
    public void AddTo(IEndpointRouteBuilder routes)
    {
        foreach (var operation in ApiOperations.All.Concat(ApiOperations.ClientSide))
        {
            var (nanoseconds, text) = _served.TryGetValue(operation, out var entry)
                ? (entry.Nanoseconds, entry.Text)
                : (NotServed(operation), NotServed(operation));
            routes.MapMethods(operation.Path, [operation.Method.Method], nanoseconds);
            routes.MapMethods(BrowserPath(operation), [operation.Method.Method], text);
        }
    }

    /// <summary>
    /// JavaScript clients put <c>/video</c> where others put <c>/api/v2</c> and, for calls, <c>/api/v2/video</c>.
    /// </summary>
    public static string BrowserPath(ApiOperation operation)
    {
        var path = operation.Path[ServerPrefix.Length..];
        return path.StartsWith(BrowserPrefix + "/", StringComparison.Ordinal) ? path : BrowserPrefix + path;
    }

    private void Add<TAnswer>(
        ApiOperation operation, OperationAccess access, Func<HttpContext, ApiRequest, Task<TAnswer>> handle)
        where TAnswer : class, IStreamModel<TAnswer>
    {
        _served.Add(operation, new(access, Serve(StreamTimeFormat.Nanoseconds), Serve(StreamTimeFormat.Text)));

        RequestDelegate Serve(StreamTimeFormat times) => async http =>
        {
            ApiErrors.NameOperation(http, operation.Id);
            var startedAt = Stopwatch.GetTimestamp();
            rateLimits.Count(operation.Id, http.Response.Headers);
            var caller = authenticator.Authenticate(http.Request, access);
            var request = new ApiRequest(http, operation.Id, caller, times, startedAt, clock);
            var answer = ModelJson.Write(await handle(http, request), times);
            http.Response.StatusCode = operation.Status;
            http.Response.ContentType = "application/json;charset=utf-8";
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer, http.RequestAborted);
        };
    }

    private RequestDelegate NotServed(ApiOperation operation) => http =>
    {
        ApiErrors.NameOperation(http, operation.Id);
        rateLimits.Count(operation.Id, http.Response.Headers);
        throw ApiException.NotSupported(
            $"{operation.Id} ({operation.Method} {operation.Path})", UnservedReasons.Of(operation));
    };

    private async Task<TBody> ReadBodyAsync<TBody>(HttpContext http)
        where TBody : class, IStreamModel<TBody>
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        Debug.Assert(body.Length <= options.MaxBodyBytes, "Kestrel enforces the limit.");
        var json = body.GetBuffer().AsSpan(0, (int)body.Length);
        return ModelJson.Read<TBody>(json.IsEmpty ? "{}"u8 : json);
    }

    private sealed record ServedOperation(OperationAccess Access, RequestDelegate Nanoseconds, RequestDelegate Text);
}
