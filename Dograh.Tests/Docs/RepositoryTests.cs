using System.Text.RegularExpressions;

namespace Dograh.Tests.Docs;

/// <summary>What must hold of the repository's files as texts.</summary>
public sealed partial class RepositoryTests
{
    // Split, or this file would be the first to be found.
    private const string Unfinished = "TO" + "DO";

    // What .gitignore leaves out, and what the tools keep.
    private static readonly HashSet<string> LeftOut =
        new(StringComparer.Ordinal) { ".git", ".dograh", ".vs", ".idea", ".vscode", ".azure", "artifacts", "bench-results", "bin", "infra", "node_modules", "obj", "TestResults" };

    public static TheoryData<string> Pages => new(Markdown.Pages);

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_file_that_a_page_links_to_exists(string page) =>
        Assert.All(Markdown.Open(page).LinkedFiles, file => Assert.True(Path.Exists(file), $"{file} does not exist"));

    // A promise that names the test that holds it: "`Sending/EgressGuardTests`".
    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_test_that_a_page_names_exists(string page) =>
        Assert.All(
            NamedTest().Matches(Markdown.Open(page).Text).Select(match => match.Groups["name"].Value).Distinct(),
            name => Assert.True(typeof(RepositoryTests).Assembly.GetType($"Dograh.Tests.{name.Replace('/', '.')}") is not null, $"there is no {name}"));

    [Fact]
    public void No_file_says_that_something_is_still_to_be_done() =>
        Assert.Empty(
            Files(new DirectoryInfo(Markdown.Root)).Where(file => File.ReadAllText(file).Contains(Unfinished, StringComparison.Ordinal))
                .Select(file => Path.GetRelativePath(Markdown.Root, file)));

    private static IEnumerable<string> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles().Where(file => file.Name != ".git" && file.LinkTarget is null).Select(file => file.FullName)
            .Concat(folder.EnumerateDirectories().Where(inner => !LeftOut.Contains(inner.Name)).SelectMany(Files));

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z]+(/[A-Z][A-Za-z]+)*/[A-Z][A-Za-z0-9]*Tests)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamedTest();
}
