using System.Globalization;
using System.Security;
using System.Text;
using Dograh.Bench.Measuring;

namespace Dograh.Bench.Reports;

/// <summary>A bar for each side, scenario by scenario, with its range over the rounds.</summary>
/// <remarks>Nothing in it is loaded or run: it can be shown on any page. Its colours follow the reader's light or dark theme.</remarks>
internal static class SvgChart
{
    private const int Width = 860;
    private const int LabelWidth = 190;
    private const int ValueWidth = 120;
    private const int BarHeight = 18;
    private const int RowHeight = 26;
    private const int TitleHeight = 40;
    private const int Margin = 16;

    private const string Style =
        """
        <style>
          text { font: 13px system-ui, sans-serif; fill: #1f2328 }
          .title { font-weight: 600 }
          .note { fill: #59636e; font-size: 12px }
          .bar { fill: #2f81f7 }
          .first { fill: #8b949e }
          .range { stroke: #1f2328; stroke-width: 1.5 }
          .back { fill: #ffffff }
          @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3 }
            .note { fill: #9198a1 }
            .bar { fill: #4493f8 }
            .first { fill: #6e7681 }
            .range { stroke: #e6edf3 }
            .back { fill: #0d1117 }
          }
        </style>
        """;

    public static string Write(BenchReport report)
    {
        var body = new StringBuilder();
        double y = Margin;
        body.Append(Text(Margin, y + 14, "title", $"Dograh Webhooks, {report.StartedAt:yyyy-MM-dd}"));
        body.Append(Text(Margin, y + 32, "note", $"{report.Machine.Cpu}, {report.Machine.Cores} cores, {report.Machine.OperatingSystem}; medians, lines from the smallest to the largest round"));
        y += 44;
        foreach (var scenario in report.Scenarios) y = Draw(body, scenario, y);
        var height = N(y + Margin);
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img" aria-label="Benchmark results">
            {Style}
            <rect class="back" width="{Width}" height="{height}" rx="6"/>
            {body}</svg>

            """;
    }

    private static double Draw(StringBuilder body, ScenarioResult scenario, double y)
    {
        var sides = scenario.Sides.Select(side => (side.Name, Value: side.Metric(scenario.Charted))).Where(side => side.Value is not null).ToList();
        if (sides.Count == 0) return y;
        body.Append(Text(Margin, y + TitleHeight - 14, "title", $"{scenario.Name}: {MetricNames.Heading(scenario.Charted)}"));
        y += TitleHeight;
        var longest = Math.Max(sides.Max(side => side.Value!.Max), double.Epsilon);
        var room = Width - (2 * Margin) - LabelWidth - ValueWidth;
        foreach (var (name, value) in sides)
        {
            var left = Margin + LabelWidth;
            // What the others are held against is grey.
            var kind = sides.Count > 1 && name == scenario.Sides[0].Name ? "first" : "bar";
            body.Append(Text(Margin, y + 14, "", name));
            body.Append($"<rect class=\"{kind}\" x=\"{left}\" y=\"{N(y)}\" width=\"{N(Math.Max(1, value!.Median / longest * room))}\" height=\"{BarHeight}\" rx=\"2\"/>\n");
            if (value.Max > value.Min)
            {
                var middle = N(y + (BarHeight / 2.0));
                body.Append($"<line class=\"range\" x1=\"{N(left + (value.Min / longest * room))}\" x2=\"{N(left + (value.Max / longest * room))}\" y1=\"{middle}\" y2=\"{middle}\"/>\n");
            }

            body.Append(Text(left + (value.Max / longest * room) + 8, y + 14, "", MetricNames.Format(value.Median)));
            y += RowHeight;
        }

        return y;
    }

    private static string Text(double x, double y, string kind, string text) =>
        $"<text{(kind.Length == 0 ? "" : $" class=\"{kind}\"")} x=\"{N(x)}\" y=\"{N(y)}\">{SecurityElement.Escape(text)}</text>\n";

    private static string N(double number) => number.ToString("0.#", CultureInfo.InvariantCulture);
}
