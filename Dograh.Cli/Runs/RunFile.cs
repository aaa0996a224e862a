using System.Text.Json;
using System.Text.Json.Serialization;
using Dograh.Client;

namespace Dograh.Cli.Runs;

/// <summary>Runs as a file holds them: one, or a list of them, in the API's own form.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="IsList">Whether the file holds a list.</param>
internal sealed record RunFile(IReadOnlyList<RunRequest> Runs, bool IsList)
{
    private const string StandardInput = "-";

    /// <summary>Reads a file, or the standard input for <c>-</c>.</summary>
    /// <exception cref="CliException">It cannot be read, or holds no run.</exception>
    public static async Task<RunFile> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var name = path == StandardInput ? "The standard input" : path;
        try
        {
            await using var stream = path == StandardInput ? Console.OpenStandardInput() : File.OpenRead(path);
            using var document = await JsonDocument.ParseAsync(stream, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }, cancellationToken);
            return Of(document.RootElement);
        }
        catch (JsonException e)
        {
            throw CliException.Usage($"{name} holds no run: {Explain(e)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage(e.Message);
        }
    }

    /// <summary>A run without anything in it but this text's, as <c>--context</c> gives it.</summary>
    public static JsonElement ReadObject(string json)
    {
        try
        {
            var element = JsonElement.Parse(json);
            return element.ValueKind == JsonValueKind.Object ? element : throw new JsonException("it is no object");
        }
        catch (JsonException e)
        {
            throw CliException.Usage($"'{json}' is not a JSON object: {Explain(e)}");
        }
    }

    // The framework's message, without its own way to count lines.
    private static string Explain(JsonException e)
    {
        var text = e.Message.Split([" LineNumber:", " Path:"], StringSplitOptions.None)[0];
        if (e.Path is { Length: > 2 } path) text = $"{path[2..]}: {text}";
        return e.LineNumber is { } line ? $"{text} (line {line + 1})" : text;
    }

    private static RunFile Of(JsonElement root) => root.ValueKind switch
    {
        JsonValueKind.Object => new RunFile([Read(root)], IsList: false),
        JsonValueKind.Array when root.GetArrayLength() > 0 => new RunFile([.. root.EnumerateArray().Select(Read)], IsList: true),
        JsonValueKind.Array => throw new JsonException("its list is empty"),
        _ => throw new JsonException("it is neither an object nor a list of objects"),
    };

    private static RunRequest Read(JsonElement run) => run.Deserialize(RunFileJson.Default.RunRequest) ?? throw new JsonException("a run is null");
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 128,
    ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(RunRequest))]
internal sealed partial class RunFileJson : JsonSerializerContext;
