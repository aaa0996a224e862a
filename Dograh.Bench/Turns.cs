using Dograh.Bench.Measuring;
using Dograh.Bench.Reports;
using Dograh.Bench.Scenarios;
using Spectre.Console;

namespace Dograh.Bench;

/// <summary>Runs a scenario's sides in turns, round by round.</summary>
internal sealed class Turns(IAnsiConsole console, BenchSize size, CancellationToken stop)
{
    /// <summary>Measures a scenario. A side that breaks is left out of the further rounds, and the others go on.</summary>
    /// <param name="scenario">What is measured.</param>
    /// <param name="tidyAsync">Stops what a side that broke has left running.</param>
    public async Task<ScenarioResult> RunAsync(Scenario scenario, Func<Task> tidyAsync)
    {
        var rounds = scenario.Sides.ToDictionary(side => side, _ => new List<Sample>());
        var broken = new Dictionary<Side, string>();
        for (var round = 1; round <= size.Rounds; round++)
        {
            foreach (var side in scenario.Sides.Where(side => side.NotMeasured is null && !broken.ContainsKey(side) && (round == 1 || !side.OnlyOnce)))
            {
                stop.ThrowIfCancellationRequested();
                try
                {
                    var sample = await side.RunAsync();
                    rounds[side].Add(sample);
                    console.WriteLine($"{scenario.Name}, round {round} of {size.Rounds}: {side.Name} {Brief(scenario, sample)}");
                }
                catch (Exception e) when (!stop.IsCancellationRequested)
                {
                    broken[side] = e.Message;
                    console.WriteLine($"{scenario.Name}, round {round} of {size.Rounds}: {side.Name} failed: {e.Message}");
                    await tidyAsync();
                }
            }
        }

        return new ScenarioResult
        {
            Name = scenario.Name,
            What = scenario.What,
            Columns = scenario.Columns,
            Charted = scenario.Charted,
            Sides =
            [
                .. scenario.Sides.Select(side => new SideResult
                {
                    Name = side.Name,
                    NotMeasured = side.NotMeasured ?? (broken.TryGetValue(side, out var fault) ? $"failed: {fault}" : null),
                    Failed = broken.ContainsKey(side),
                    // A median of fewer rounds than it says would not be one.
                    Rounds = broken.ContainsKey(side) ? [] : rounds[side],
                }),
            ],
        };
    }

    private static string Brief(Scenario scenario, Sample sample)
    {
        var metrics = sample.Metrics().ToList();
        var charted = metrics.Find(metric => metric.Key == scenario.Charted);
        var shown = charted.Key is not null ? charted : metrics[0];
        return $"{MetricNames.Format(shown.Value)} {MetricNames.Heading(shown.Key)}";
    }
}
