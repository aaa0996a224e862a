using System.Xml.Linq;
using Dograh.Bench.Measuring;
using Dograh.Bench.Reports;
using Dograh.Tests.Standalone;
using Spectre.Console;

namespace Dograh.Tests.Bench;

public sealed class ReportTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly BenchReport _report;

    public ReportTests()
    {
        var report = GivenReport.Of(
            GivenReport.Scenario("drain", GivenReport.Side("limit", 24_000, 23_000, 25_000), GivenReport.Side("drain", 12_000, 13_000, 14_000)),
            GivenReport.Scenario("peers", GivenReport.Side("end-to-end", 5_000), new SideResult { Name = "pg-boss", NotMeasured = "no node on this machine", Rounds = [] }));
        _report = report with { Targets = TargetList.Evaluate(report) };
    }

    [Fact]
    public void What_is_written_as_JSON_is_read_back_the_same()
    {
        var json = JsonReport.Write(_report);
        var read = JsonReport.Read(json);

        Assert.Equal(json, JsonReport.Write(read));
        Assert.Equal(13_000, read.Median("drain", "drain", MetricNames.PerSecond));
        Assert.Equal(_report.Targets, read.Targets);
        Assert.Equal("no node on this machine", read.Scenarios[1].Sides[1].NotMeasured);
    }

    [Fact]
    public void Markdown_tells_medians_conditions_and_targets()
    {
        var text = MarkdownReport.Write(_report);

        Assert.Contains("| machine | A <fast> & \"cheap\" CPU \\| x, 2 cores, 8.0 GiB, Linux |\n", text, StringComparison.Ordinal);
        Assert.Contains("| versions | .NET 10.0.0, PostgreSQL 17.6 |\n", text, StringComparison.Ordinal);
        Assert.Contains("| ODD | a\\|b |\n", text, StringComparison.Ordinal);
        Assert.Contains("| drain | 13,000 (12.0k–14.0k) |", text, StringComparison.Ordinal);
        Assert.Contains("| drain / limit | ≥ 0.5 | 0.542 | met |\n", text, StringComparison.Ordinal);
        Assert.Contains("pg-boss: not measured: no node on this machine\n", text, StringComparison.Ordinal);
        Assert.Contains("Not measured in this run: end-to-end / limit; ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_row_of_a_Markdown_table_has_as_many_cells_as_its_heading()
    {
        var tables = MarkdownReport.Write(_report).Split("\n\n").Where(block => block.StartsWith("| ", StringComparison.Ordinal)).ToList();

        Assert.Equal(6, tables.Count);
        Assert.All(tables, table => Assert.Single(table.Trim().Split('\n').Select(CountCells).Distinct()));

        static int CountCells(string row) => row.Replace("\\|", "", StringComparison.Ordinal).Count(c => c == '|');
    }

    [Fact]
    public void The_chart_is_XML_that_runs_and_loads_nothing_and_knows_the_dark()
    {
        var text = SvgChart.Write(_report);
        var svg = XDocument.Parse(text).Root!;

        Assert.Equal(Svg + "svg", svg.Name);
        Assert.DoesNotContain(svg.Descendants(), element => element.Name.LocalName is "script" or "image" or "foreignObject");
        Assert.DoesNotContain("url(", text, StringComparison.Ordinal);
        Assert.DoesNotContain("href", text, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_chart_has_a_bar_as_long_as_its_median_for_each_side_that_was_measured()
    {
        var bars = XDocument.Parse(SvgChart.Write(_report)).Descendants(Svg + "rect")
            .Where(rect => rect.Attribute("class")!.Value is "bar" or "first").Select(rect => (double)rect.Attribute("width")!).ToList();

        Assert.Equal(3, bars.Count);
        Assert.Equal(13.0 / 24, bars[1] / bars[0], 0.001);
    }

    [Fact]
    public void The_table_fits_into_a_hundred_columns_and_has_no_colours_in_a_pipe()
    {
        var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 100;

        foreach (var scenario in _report.Scenarios) TerminalReport.Write(console, scenario);
        TerminalReport.WriteTargets(console, _report.Targets);

        var lines = output.ToString().Split('\n');
        Assert.All(lines, line => Assert.True(line.TrimEnd().Length <= 100, line));
        Assert.DoesNotContain('\e', output.ToString());
        Assert.Contains(lines, line => line.Contains("drain", StringComparison.Ordinal) && line.Contains("13,000", StringComparison.Ordinal) && line.Contains("12.0k–14.0k", StringComparison.Ordinal));
        Assert.Contains("  pg-boss: not measured: no node on this machine", lines.Select(line => line.TrimEnd()));
    }

    [Fact]
    public async Task The_files_are_written_into_a_folder_that_is_made_for_them()
    {
        using var folder = new TemporaryFolder();

        var files = await ReportFiles.WriteAsync(_report, folder.Below("new/results"));

        Assert.Equal(["results.json", "results.md", "results.svg"], files.Select(Path.GetFileName));
        Assert.All(files, file => Assert.True(File.Exists(file)));
    }
}
