using System.Text.Json.Nodes;
using GetStream.Http;
using GetStream.Json;

namespace GetStream.Tests.Http;

/// <summary>Gives the arguments of a call and remembers what has to arrive.</summary>
internal interface ISamples
{
    string Path(string name);

    string Text(string name);

    bool Bool(string name);

    int Int32(string name);

    StreamTime Time(string name);

    IReadOnlyList<string> Texts(string name);

    JsonObject Object(string name);

    T Model<T>(string name, string type)
        where T : class, IStreamModel<T>;

    IReadOnlyList<T> Models<T>(string name, string type)
        where T : class, IStreamModel<T>;

    T Body<T>(string type)
        where T : class, IStreamModel<T>;

    StreamFile File();
}
