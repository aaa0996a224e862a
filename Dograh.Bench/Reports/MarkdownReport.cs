using System.Text;
using Dograh.Bench.Measuring;

namespace Dograh.Bench.Reports;

/// <summary>The report for people who read it later, with every process and every condition.</summary>
internal static class MarkdownReport
{
    public static string Write(BenchReport report)
    {
        var text = new StringBuilder();
        text.Append($"# Benchmark of {report.StartedAt:yyyy-MM-dd HH:mm} UTC\n\n");
        text.Append("![The rates as a chart](results.svg)\n\n");
        WriteFacts(text, report);
        WriteTargets(text, report);
        foreach (var scenario in report.Scenarios) WriteScenario(text, scenario);
        text.Append(
            "Medians over the rounds, with the smallest and the largest in brackets; the sides of a scenario took turns. SQL, WAL and commits are per delivery (`ingest`: per "
            + "run), CPU seconds per thousand of them and of all processes, the receiver and the sender of the load included.\n");
        return text.ToString();
    }

    private static void WriteFacts(StringBuilder text, BenchReport report)
    {
        text.Append("| condition | |\n| --- | --- |\n");
        Row("machine", $"{report.Machine.Cpu}, {report.Machine.Cores} cores, {report.Machine.MemoryGiB:0.0} GiB, {report.Machine.OperatingSystem}");
        Row("versions", string.Join(", ", report.Versions.Select(version => $"{version.Key} {version.Value}")));
        foreach (var (name, value) in report.Settings) Row(name, value);
        Row("took", $"{report.Minutes:0.0} min");
        text.Append('\n');

        void Row(string name, string value) => text.Append($"| {Cell(name)} | {Cell(value)} |\n");
    }

    private static void WriteTargets(StringBuilder text, BenchReport report)
    {
        var measured = report.Targets.Where(target => target.Met is not null).ToList();
        if (measured.Count == 0) return;
        text.Append("## Targets\n\n| target | required | measured | |\n| --- | --: | --: | --- |\n");
        foreach (var target in measured)
        {
            text.Append($"| {Cell(target.Name)} | {target.Required} | {MetricNames.Format(target.Measured ?? 0)} | {(target.Met == true ? "met" : "**not met**")} |\n");
        }

        text.Append('\n');
        var others = report.Targets.Where(target => target.Met is null).Select(target => target.Name).ToList();
        if (others.Count > 0) text.Append($"Not measured in this run: {string.Join("; ", others)}.\n\n");
    }

    private static void WriteScenario(StringBuilder text, ScenarioResult scenario)
    {
        text.Append($"## {scenario.Name}\n\n{scenario.What}.\n\n");
        var columns = scenario.Sides.SelectMany(side => side.Metrics.Keys).Distinct().Where(name => !name.Contains('.', StringComparison.Ordinal)).ToList();
        if (columns.Count > 0)
        {
            text.Append($"| side | {string.Join(" | ", columns.Select(MetricNames.Heading))} |\n| --- |{string.Concat(columns.Select(_ => " --: |"))}\n");
            foreach (var side in scenario.Sides.Where(side => side.NotMeasured is null))
            {
                text.Append($"| {Cell(side.Name)} | {string.Join(" | ", columns.Select(column => Value(side.Metric(column))))} |\n");
            }

            text.Append('\n');
        }

        WriteProcesses(text, scenario);
        foreach (var side in scenario.Sides.Where(side => side.NotMeasured is not null)) text.Append($"{side.Name}: not measured: {side.NotMeasured}\n\n");
    }

    private static void WriteProcesses(StringBuilder text, ScenarioResult scenario)
    {
        var processes = scenario.Sides.SelectMany(side => side.Rounds).SelectMany(round => round.Processes.Keys).Distinct().ToList();
        if (processes.Count == 0) return;
        text.Append($"| CPU s/1000, peak MB of | {string.Join(" | ", processes)} |\n| --- |{string.Concat(processes.Select(_ => " --: |"))}\n");
        foreach (var side in scenario.Sides.Where(side => side.NotMeasured is null))
        {
            text.Append($"| {Cell(side.Name)} | {string.Join(" | ", processes.Select(process => Use(side, process)))} |\n");
        }

        text.Append('\n');
    }

    private static string Use(SideResult side, string process)
    {
        var memory = side.Metric(MetricNames.PeakRssOf(process));
        var cpu = side.Metric(MetricNames.CpuPerThousandOf(process));
        return string.Join(", ", new[] { cpu is null ? null : MetricNames.Format(cpu.Median), memory is null ? null : $"{memory.Median:0}" }.OfType<string>());
    }

    private static string Value(Spread? spread) =>
        spread is null ? "" : spread.Range.Length == 0 ? MetricNames.Format(spread.Median) : $"{MetricNames.Format(spread.Median)} ({spread.Range})";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
