using System.Text.RegularExpressions;
using Dograh.Standalone;

namespace Dograh.Tests.Docs;

/// <summary>A page of the project's documentation, as far as tests read one.</summary>
internal sealed partial class Markdown
{
    private readonly string _path;

    private Markdown(string path) => (_path, Text) = (path, File.ReadAllText(path).ReplaceLineEndings("\n"));

    /// <summary>The README and every page below <c>docs</c>, by their paths in the repository.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        "README.md", "CONTRIBUTING.md", "CHANGELOG.md",
        .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Root, path)).Order(),
    ];

    /// <summary>The folder that holds it all.</summary>
    public static string Root => StackLayout.Repository ?? throw new InvalidOperationException("The tests run outside the repository.");

    /// <summary>What it says.</summary>
    public string Text { get; }

    /// <summary>The files and folders that it links to, as full paths.</summary>
    public IEnumerable<string> LinkedFiles =>
        Link().Matches(Text).Select(link => link.Groups["target"].Value)
            .Where(target => !target.Contains(':', StringComparison.Ordinal))
            .Select(target => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(_path)!, target)));

    /// <summary>Opens a page by its path in the repository.</summary>
    public static Markdown Open(string page) => new(Path.Combine(Root, page));

    /// <summary>The rows of the table with these columns, each as its cells by column.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Table(params string[] columns)
    {
        var lines = Text.Split('\n').ToList();
        var header = lines.FindIndex(line => Cells(line).SequenceEqual(columns));
        Assert.True(header >= 0, $"{_path} has no table with the columns {string.Join(", ", columns)}");
        return [.. lines.Skip(header + 2).TakeWhile(line => line.StartsWith('|')).Select(line => columns.Zip(Cells(line)).ToDictionary(cell => cell.First, cell => cell.Second))];
    }

    /// <summary>The first block of code in a language below a heading.</summary>
    public string Code(string heading, string language)
    {
        var section = Text[Text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal)..];
        var fence = $"\n```{language}\n";
        var begin = section.IndexOf(fence, StringComparison.Ordinal) + fence.Length;
        return section[begin..(section.IndexOf("\n```", begin, StringComparison.Ordinal) + 1)];
    }

    /// <summary>A cell without the backticks around it.</summary>
    public static string Plain(string cell) => cell.Trim('`');

    private static IEnumerable<string> Cells(string line) => line.Trim().Trim('|').Split('|').Select(cell => cell.Trim());

    [GeneratedRegex(@"\]\((?<target>[^)#\s]+)(#[^)]*)?\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();
}
