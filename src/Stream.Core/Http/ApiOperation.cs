namespace GetStream.Http;

/// <summary>What identifies an operation of the API.</summary>
/// <param name="Id">Its name in the API description.</param>
/// <param name="Product">common, chat, video, feeds or moderation.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path, with parameters in braces.</param>
/// <param name="RequestType">The API's name of the body's type, or null without a body.</param>
/// <param name="ResponseType">The API's name of the answer's type.</param>
/// <param name="Status">The status of success.</param>
public sealed record ApiOperation(
    string Id, string Product, HttpMethod Method, string Path, string? RequestType, string ResponseType, int Status);
