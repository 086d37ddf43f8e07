using System.Text;

namespace StreamGateway.Mirror;

/// <summary>A request that goes out once.</summary>
/// <remarks>
/// The HTTP stack sends a request without content again, up to three times, when a connection ends before the answer. Whether
/// Stream has acted on the first it cannot know.
/// </remarks>
internal sealed class MirrorRequest(HttpMethod method, Uri address) : HttpRequestMessage(method, address)
{
    /// <summary>Each request has it, and the stack writes it before any other.</summary>
    private const string FirstHeader = "Authorization";

    private bool _isOut;

    /// <summary>Is asked for each header that is written, so it knows when the stack begins anew.</summary>
    /// <returns>Header values go on in the encoding in which Kestrel reads them.</returns>
    /// <exception cref="HttpRequestException">The request went out already.</exception>
    public static Encoding EncodingOf(string header, HttpRequestMessage request)
    {
        if (header is FirstHeader && request is MirrorRequest mirrored)
        {
            mirrored.GoOut();
        }

        return Encoding.UTF8;
    }

    public void SetToken(string token) => Headers.TryAddWithoutValidation(FirstHeader, token);

    private void GoOut()
    {
        if (_isOut)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The connection ended before the answer.");
        }

        _isOut = true;
    }
}
