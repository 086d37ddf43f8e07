namespace GetStream.Http;

/// <summary>A file to upload. Its content is read while it is sent and never held as a whole.</summary>
/// <param name="Content">The bytes, from where the stream stands to its end; not disposed by the upload.</param>
/// <param name="FileName">The name the file gets at the API.</param>
/// <param name="ContentType">Its media type; <c>application/octet-stream</c> where unknown.</param>
public sealed record StreamFile(System.IO.Stream Content, string FileName, string ContentType = "application/octet-stream");
