using System.Text;
using System.Text.Json.Nodes;
using GetStream.Http;
using GetStream.Json;
using GetStream.Tests.Spec;

namespace GetStream.Tests.Http;

/// <summary>Samples whose texts come from a generator; keeps the decoded value each parameter must arrive as.</summary>
internal sealed class RecordedSamples(Func<string> text, Random random) : ISamples
{
    private static readonly SampleWriter s_writer = new(Facts.Server, new SampleOptions(TextTimes: true));

    public List<string> PathValues { get; } = [];

    public Dictionary<string, string> QueryValues { get; } = [];

    public byte[]? BodyJson { get; private set; }

    public byte[]? FileBytes { get; private set; }

    public string Path(string name)
    {
        string value;
        do
        {
            value = text();
        }
        while (value is "" or "." or "..");

        PathValues.Add(value);
        return value;
    }

    public string Text(string name) => Query(name, text());

    public bool Bool(string name)
    {
        var value = random.Next(2) is 0;
        _ = Query(name, value ? "true" : "false");
        return value;
    }

    public int Int32(string name)
    {
        var value = random.Next(int.MinValue, int.MaxValue);
        _ = Query(name, value.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return value;
    }

    public StreamTime Time(string name)
    {
        var value = StreamTime.FromUnixNanoseconds(random.NextInt64());
        _ = Query(name, value.ToString());
        return value;
    }

    public IReadOnlyList<string> Texts(string name)
    {
        string[] values = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => text().Replace(",", "", StringComparison.Ordinal))];
        _ = Query(name, string.Join(',', values));
        return values;
    }

    public JsonObject Object(string name) => JsonNode.Parse(Query(name, SampleWriter.Custom))!.AsObject();

    public T Model<T>(string name, string type)
        where T : class, IStreamModel<T> =>
        StreamJson.Deserialize<T>(Query(name, Encoding.UTF8.GetString(s_writer.Write(type))));

    public IReadOnlyList<T> Models<T>(string name, string type)
        where T : class, IStreamModel<T>
    {
        var json = Encoding.UTF8.GetString(s_writer.Write(type));
        _ = Query(name, $"[{json}]");
        return [StreamJson.Deserialize<T>(json)];
    }

    public T Body<T>(string type)
        where T : class, IStreamModel<T>
    {
        BodyJson = s_writer.Write(type);
        return StreamJson.Deserialize<T>(BodyJson);
    }

    public StreamFile File()
    {
        FileBytes = new byte[random.Next(1, 100_000)];
        random.NextBytes(FileBytes);
        return new StreamFile(new MemoryStream(FileBytes), "photo ü.png", "image/png");
    }

    private string Query(string name, string value)
    {
        QueryValues.Add(name, value);
        return value;
    }
}
