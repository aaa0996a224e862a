namespace Dograh.Bench.Reports;

/// <summary>Writes the reports as files.</summary>
internal static class ReportFiles
{
    /// <summary>Writes all three, over those of an earlier run in the same folder.</summary>
    /// <returns>Their paths.</returns>
    public static async Task<IReadOnlyList<string>> WriteAsync(BenchReport report, string folder)
    {
        Directory.CreateDirectory(folder);
        (string Name, string Text)[] files =
        [
            ("results.json", JsonReport.Write(report)), ("results.md", MarkdownReport.Write(report)), ("results.svg", SvgChart.Write(report)),
        ];
        foreach (var (name, text) in files) await File.WriteAllTextAsync(Path.Combine(folder, name), text);
        return [.. files.Select(file => Path.Combine(folder, file.Name))];
    }
}
