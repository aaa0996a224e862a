using System.Text.Json;

namespace Dograh.Tests.Api;

/// <summary>What the API answered.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Headers">All headers.</param>
/// <param name="Body">The body's text.</param>
/// <param name="Request">What was asked, for messages.</param>
public sealed record ApiAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body, string Request)
{
    /// <summary>The body, parsed.</summary>
    public JsonElement Json => JsonElement.Parse(Body, new JsonDocumentOptions { MaxDepth = 1000 });

    /// <summary>A header; null if there is none.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>The status is this one, and a JSON body is JSON.</summary>
    public JsonElement Is(int status)
    {
        Assert.True(Status == status, $"{Request} answered {Status}, not {status}: {Body}");
        if (Body.Length == 0) return default;
        Assert.Equal("application/json; charset=utf-8", Header("Content-Type"));
        return Json;
    }

    /// <summary>It is a problem of this status, complete, with a trace to ask about.</summary>
    public JsonElement IsProblem(int status)
    {
        Assert.True(Status == status, $"{Request} answered {Status}, not {status}: {Body}");
        Assert.Equal("application/problem+json", Header("Content-Type"));
        Assert.Equal(status, Json.Number("status"));
        Assert.NotEmpty(Json.Text("title"));
        Assert.NotEmpty(Json.Text("detail"));
        Assert.Matches("^[0-9a-f]{32}$", Json.Text("trace_id"));
        return Json;
    }

    /// <summary>It is a 422 that names these fields and no others.</summary>
    public JsonElement Blames(params string[] fields)
    {
        var problem = IsProblem(422);
        Assert.Equal(fields.Order(StringComparer.Ordinal), problem.At("errors").Names().Order(StringComparer.Ordinal));
        Assert.All(problem.At("errors").EnumerateObject(), fault => Assert.NotEmpty(fault.Value[0].GetString()!));
        return problem;
    }
}

/// <summary>Looking into JSON.</summary>
internal static class JsonLooks
{
    /// <summary>The value at a path such as <c>deliveries/0/delivery_id</c>.</summary>
    public static JsonElement At(this JsonElement element, string path)
    {
        foreach (var step in path.Split('/'))
        {
            if (element.ValueKind == JsonValueKind.Array) element = element[int.Parse(step)];
            else Assert.True(element.TryGetProperty(step, out element), $"There is no '{step}' (of '{path}') in {element}");
        }

        return element;
    }

    public static string Text(this JsonElement element, string path) => element.At(path).GetString()!;

    public static long Number(this JsonElement element, string path) => element.At(path).GetInt64();

    public static double Double(this JsonElement element, string path) => element.At(path).GetDouble();

    public static Guid Uuid(this JsonElement element, string path) => element.At(path).GetGuid();

    public static DateTimeOffset Time(this JsonElement element, string path) => element.At(path).GetDateTimeOffset();

    public static bool IsNull(this JsonElement element, string path) => element.At(path).ValueKind == JsonValueKind.Null;

    /// <summary>The names of an object's members, in order.</summary>
    public static IReadOnlyList<string> Names(this JsonElement element) => [.. element.EnumerateObject().Select(member => member.Name)];

    /// <summary>An array's items.</summary>
    public static IReadOnlyList<JsonElement> Items(this JsonElement element, string path = "items") => [.. element.At(path).EnumerateArray()];

    /// <summary>One text of each of an array's items.</summary>
    public static IReadOnlyList<string> Texts(this JsonElement element, string path, string name) => [.. element.Items(path).Select(item => item.Text(name))];

    /// <summary>It is this JSON: the same members in the same order, white space apart.</summary>
    public static void Matches(this JsonElement actual, string expected) => Assert.Equal(Compact(JsonElement.Parse(expected)), Compact(actual));

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element, Options);

    private static readonly JsonSerializerOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
