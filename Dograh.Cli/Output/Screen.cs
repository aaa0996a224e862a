using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Win32.SafeHandles;
using Spectre.Console;
using Spectre.Console.Json;
using Spectre.Console.Rendering;

namespace Dograh.Cli.Output;

/// <summary>What a command writes to: results to the standard output, everything else to the standard error.</summary>
/// <remarks>Where nobody looks (a pipe, a file) there are no colours, nothing moves and nothing is cut off: tables are lines of values with tabs between them.</remarks>
internal sealed class Screen
{
    private static readonly JsonSerializerOptions JsonLine = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 128,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };
    private static readonly JsonSerializerOptions JsonDocumentForReaders = new(JsonLine) { WriteIndented = true };

    private readonly TextWriter _plain;
    private readonly IAnsiConsole _out;
    private readonly IAnsiConsole _error;

    public Screen(bool isJson)
    {
        IsJson = isJson;
        IsTerminal = !Console.IsOutputRedirected;
        _plain = IsTerminal ? Console.Out : OpenPipe();
        _out = IsTerminal ? AnsiConsole.Console : PlainConsole(_plain);
        _error = Console.IsErrorRedirected
            ? PlainConsole(Console.Error)
            : AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    }

    /// <summary>Whether JSON is wanted.</summary>
    public bool IsJson { get; }

    /// <summary>Whether somebody looks at the standard output.</summary>
    public bool IsTerminal { get; }

    /// <summary>Whether somebody can be asked.</summary>
    public bool CanAsk { get; } = !Console.IsInputRedirected && !Console.IsErrorRedirected;

    /// <summary>Whether nobody reads the standard output any more.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>A terminal's console, for what moves.</summary>
    public IAnsiConsole Terminal => _out;

    /// <summary>A line of text, as it is.</summary>
    public void Line(string text = "") => Write(() => _out.WriteLine(SafeText.Line(text)));

    /// <summary>A line with markup. What others wrote comes through <see cref="Escape"/>.</summary>
    public void Markup(string markup) => Write(() => _out.MarkupLine(markup));

    /// <summary>Something to be shown.</summary>
    public void Show(IRenderable renderable) => Write(() => _out.Write(renderable));

    /// <summary>A table.</summary>
    public void Show(Table table)
    {
        if (IsTerminal)
        {
            Show(table.ToRenderable());
            return;
        }

        Write(() =>
        {
            foreach (var row in table.Rows) _plain.WriteLine(string.Join('\t', row.Select(cell => SafeText.Line(cell.Text))));
            _plain.Flush();
        });
    }

    /// <summary>JSON that a delivery or an answer holds, to be read by people.</summary>
    public void ShowJson(JsonElement json)
    {
        var text = JsonSerializer.Serialize(json, JsonDocumentForReaders);
        if (IsTerminal) Write(() => { _out.Write(new JsonText(text)); _out.WriteLine(); });
        else Write(() => _out.WriteLine(text));
    }

    /// <summary>The document that <c>--json</c> asks for.</summary>
    public void Json<T>(T value) => Write(() =>
    {
        _plain.WriteLine(JsonSerializer.Serialize(value, IsTerminal ? JsonDocumentForReaders : JsonLine));
        _plain.Flush();
    });

    /// <summary>A line of a stream of JSON.</summary>
    public void JsonEvent<T>(T value) => Write(() =>
    {
        _plain.WriteLine(JsonSerializer.Serialize(value, JsonLine));
        _plain.Flush();
    });

    /// <summary>Something worth knowing that is no result.</summary>
    public void Note(string text) => _error.MarkupLine($"[yellow]{Escape(text)}[/]");

    /// <summary>A fault.</summary>
    public void Fault(string text) => _error.MarkupLine($"[red]dograh:[/] {Spectre.Console.Markup.Escape(SafeText.Lines(text))}");

    /// <summary>What to do about it.</summary>
    public void Advice(string text) => _error.WriteLine(SafeText.Line(text));

    /// <summary>A fault and what to do about it.</summary>
    /// <returns>What the program ends with.</returns>
    public int Fault(CliException e)
    {
        Fault(e.Message);
        if (e.Advice is { } advice) Advice(advice);
        return e.ExitCode;
    }

    /// <summary>Asks for a text.</summary>
    public Task<string> AskAsync(string question, string proposed, CancellationToken cancellationToken) =>
        new TextPrompt<string>(question).DefaultValue(proposed).ShowAsync(_error, cancellationToken);

    /// <summary>Asks for a secret: nothing is shown of it.</summary>
    public Task<string> AskSecretAsync(string question, CancellationToken cancellationToken) =>
        new TextPrompt<string>(question).Secret(mask: null).ShowAsync(_error, cancellationToken);

    /// <summary>Asks whether to go on; no unless said otherwise.</summary>
    /// <exception cref="CliException">There is nobody to ask.</exception>
    public async Task<bool> ConfirmAsync(string question, CancellationToken cancellationToken)
    {
        if (!CanAsk) throw CliException.Usage($"{question} There is nobody to ask.", "Say --yes to go on without being asked.");
        return await new ConfirmationPrompt(Escape(question)) { DefaultValue = false }.ShowAsync(_error, cancellationToken);
    }

    /// <summary>Does something that takes long, with a bar for those who look.</summary>
    /// <param name="description">What is done.</param>
    /// <param name="total">How much there is of it.</param>
    /// <param name="work">Does it, and says how much more is done.</param>
    public async Task<T> ProgressAsync<T>(string description, double total, Func<Action<double>, Task<T>> work)
    {
        if (Console.IsErrorRedirected) return await work(_ => { });
        return await _error.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                var task = progress.AddTask(Escape(description), maxValue: Math.Max(total, 1));
                return await work(task.Increment);
            });
    }

    /// <summary>A text on one line, cut to what a terminal's line has room for besides something.</summary>
    public string Cut(string text, int besides)
    {
        var line = SafeText.Line(text);
        var room = Math.Max(8, _out.Profile.Width - besides);
        return IsTerminal && line.Length > room ? $"{line[..(room - 1)]}…" : line;
    }

    /// <summary>Text that others wrote, to be put into markup.</summary>
    public static string Escape(string text) => Spectre.Console.Markup.Escape(SafeText.Line(text));

    private static IAnsiConsole PlainConsole(TextWriter writer)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = short.MaxValue;
        return console;
    }

    // Of a pipe, Console.Out says nothing when its reader has gone: a command that follows something would follow it for nobody. Of a file, a stream
    // of our own would keep a position of its own, and others that write to the file would write over it.
    private static StreamWriter OpenPipe()
    {
        Stream stream = Console.OpenStandardOutput();
        if (!OperatingSystem.IsWindows() && new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0) is { CanSeek: false } pipe) stream = pipe;
        return new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
    }

    private void Write(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
            IsClosed = true;
            throw;
        }
    }
}
