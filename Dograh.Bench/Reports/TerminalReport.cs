using Dograh.Bench.Measuring;
using Spectre.Console;

namespace Dograh.Bench.Reports;

/// <summary>The tables in the terminal: 100 columns are enough, and a pipe gets plain text.</summary>
internal static class TerminalReport
{
    private const int PipeWidth = 100;

    /// <summary>The console, as wide as the tables want it where nothing says how wide it is.</summary>
    public static IAnsiConsole OfConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings());
        if (Console.IsOutputRedirected) console.Profile.Width = PipeWidth;
        return console;
    }

    /// <summary>One scenario's table.</summary>
    public static void Write(IAnsiConsole console, ScenarioResult scenario)
    {
        var columns = scenario.Columns.Where(column => scenario.Sides.Any(side => side.Metric(column) is not null)).ToList();
        // A line of its own: as the table's title it would be broken to the table's width.
        console.WriteLine();
        console.WriteLine($"{scenario.Name}: {scenario.What}");
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn(new TableColumn("side").NoWrap());
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(Markup.Escape(MetricNames.Heading(column))).RightAligned().NoWrap());
            if (HasRange(column)) table.AddColumn(new TableColumn("range").RightAligned().NoWrap());
        }

        foreach (var side in scenario.Sides.Where(side => side.NotMeasured is null))
        {
            var cells = new List<string> { Markup.Escape(side.Name) };
            foreach (var column in columns)
            {
                cells.Add(side.Metric(column) is { } value ? MetricNames.Format(value.Median) : "");
                if (HasRange(column)) cells.Add(side.Metric(column)?.Range ?? "");
            }

            table.AddRow(cells.ToArray());
        }

        console.Write(table);
        foreach (var side in scenario.Sides.Where(side => side.NotMeasured is not null)) console.WriteLine($"  {side.Name}: not measured: {side.NotMeasured}");

        bool HasRange(string column) => column == scenario.Charted && scenario.Sides.Any(side => side.Rounds.Count > 1);
    }

    /// <summary>The targets that the run has measured.</summary>
    public static void WriteTargets(IAnsiConsole console, IReadOnlyList<TargetResult> targets)
    {
        if (targets.All(target => target.Met is null)) return;
        console.WriteLine("targets:");
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("target");
        table.AddColumn(new TableColumn("required").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("measured").RightAligned().NoWrap());
        table.AddColumn("");
        foreach (var target in targets.Where(target => target.Met is not null))
        {
            table.AddRow(
                Markup.Escape(target.Name), target.Required, MetricNames.Format(target.Measured ?? 0), target.Met == true ? "[green]met[/]" : "[red]not met[/]");
        }

        console.Write(table);
    }
}
