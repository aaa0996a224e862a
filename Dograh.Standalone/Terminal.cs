using System.Globalization;

namespace Dograh.Standalone;

/// <summary>
/// What the user sees. Lines only, so that it reads the same in a terminal, a pipe and a log; colour only in a terminal.
/// </summary>
/// <param name="output">Where lines go.</param>
/// <param name="error">Where the one message of a failed start goes.</param>
/// <param name="colour">Whether colour may be used.</param>
internal sealed class Terminal(TextWriter output, TextWriter error, bool colour) : IProgress<string>
{
    private const string Green = "32";
    private const string Yellow = "33";
    private const string Red = "31";
    private const string Dim = "2";
    private const string Bold = "1";

    private readonly Lock _writing = new();

    /// <summary>The terminal of this process, with colour unless it is piped, or the user or the terminal says no.</summary>
    public static Terminal OfConsole()
    {
        var canColour = !Console.IsOutputRedirected
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb"
            && (!OperatingSystem.IsWindows() || Environment.GetEnvironmentVariable("WT_SESSION") is not null);
        return new Terminal(Console.Out, Console.Error, canColour);
    }

    /// <summary>Begins a part of the output.</summary>
    public void Heading(string text)
    {
        Line("");
        Line(Paint(Bold, text));
    }

    /// <summary>Something is ready.</summary>
    /// <param name="what">What it is.</param>
    /// <param name="detail">Where it is.</param>
    /// <param name="took">How long it took.</param>
    public void Done(string what, string detail, TimeSpan took) =>
        Line($"  {Paint(Green, "ok")}  {what,-18} {detail,-48} {Paint(Dim, Seconds(took).PadLeft(7))}");

    /// <summary>Something that takes long has begun.</summary>
    public void Report(string value) => Line($"  {Paint(Dim, "..")}  {value}");

    /// <summary>Something happened at this moment.</summary>
    public void Event(string text) =>
        Line($"  {Paint(Dim, TimeProvider.System.GetLocalNow().ToString("HH:mm:ss.f", CultureInfo.InvariantCulture))}  {text}");

    /// <summary>A name and what belongs to it.</summary>
    public void Fact(string name, string value) => Line($"  {name,-10} {value}");

    /// <summary>Something went wrong that is being dealt with.</summary>
    public void Warn(string text) => Line($"  {Paint(Yellow, "!!")}  {text}");

    /// <summary>A line as it is.</summary>
    public void Line(string text) => Write(output, text);

    /// <summary>The reason why the whole could not be started.</summary>
    public void Fail(string message) => Write(error, $"{Paint(Red, "error:")} {message}");

    /// <summary>A span of time, as a person would say it.</summary>
    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    private string Paint(string code, string text) => colour ? $"\e[{code}m{text}\e[0m" : text;

    private void Write(TextWriter writer, string text)
    {
        lock (_writing)
        {
            try
            {
                writer.WriteLine(text);
            }
            catch (IOException)
            {
                // The terminal was closed. What runs must still be stopped in good order, with nobody to read about it.
            }
        }
    }
}
