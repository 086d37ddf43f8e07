using GetStream.Http;
using GetStream.Json;

namespace GetStream.Tests.Http;

/// <summary>One call of an operation through the typed client; answers the answer's data as JSON again.</summary>
internal sealed record OperationCall(string Product, string Id, Func<StreamClient, ISamples, Task<string>> SendAsync)
{
    public override string ToString() => $"{Product}.{Id}";
}

internal static class Answer
{
    public static async Task<string> JsonAsync<T>(Task<StreamResponse<T>> answer)
        where T : class, IStreamModel<T> =>
        StreamJson.Serialize((await answer).Data);
}
