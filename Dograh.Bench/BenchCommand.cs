using System.CommandLine;
using System.CommandLine.Parsing;
using Dograh.Bench.Scenarios;

namespace Dograh.Bench;

/// <summary>The command line.</summary>
internal static class BenchCommand
{
    private const string All = "all";
    private const string DefaultOutput = "bench-results";
    private const int MostDeliveries = 10_000_000;
    private const int MostRounds = 100;
    private const int DefaultMinutes = 60;
    private const int MostMinutes = 7 * 24 * 60;
    private const int DefaultRate = 200;
    private const int MostRate = 10_000;
    private const int MostHistory = 10_000_000;

    /// <summary>The command with its options.</summary>
    /// <param name="run">What is done with them; answers the exit code.</param>
    public static RootCommand Create(Func<BenchSettings, Task<int>> run)
    {
        var scenarios = new Argument<string[]>("scenario")
        {
            Description = $"What is measured: {string.Join(", ", ScenarioList.Names)}, or {All} (the default), which is everything but {ScenarioList.Micro} and {ScenarioList.Soak}.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        scenarios.Validators.Add(NamesScenarios);
        var deliveries = Number("--deliveries", "number", $"Deliveries of a drain; the other scenarios take a share of it. Default {BenchSize.DefaultDeliveries}.", 100, MostDeliveries);
        var rounds = Number("--rounds", "number", $"How often each side takes its turn; what is told are the medians. Default {BenchSize.DefaultRounds}.", 1, MostRounds);
        var history = Number("--history", "rows", $"Finished deliveries that lie beside the pending ones of backlog. Default {BenchSize.DefaultHistory}.", 0, MostHistory);
        var minutes = Number("--minutes", "number", $"How long {ScenarioList.Soak} lasts. Default {DefaultMinutes}.", 1, MostMinutes);
        var rate = Number("--rate", "number", $"Runs a second that {ScenarioList.Soak} sends. Default {DefaultRate}.", 1, MostRate);
        var quick = new Option<bool>("--quick") { Description = "A smoke test: everything tiny, once. Its numbers mean nothing." };
        var output = new Option<string>("--out")
        {
            Description = "The folder that the reports are written to.",
            HelpName = "folder",
            DefaultValueFactory = _ => DefaultOutput,
        };
        var set = new Option<string[]>("--set")
        {
            Description = "A setting of the API and the workers, by its name in the environment, such as WEBHOOK_DELIVERY_CONCURRENCY=128. May be repeated.",
            HelpName = "NAME=VALUE",
        };
        set.Validators.Add(AreSettings);

        var command = new RootCommand("""
            Measures Dograh Webhooks on this machine: it starts a private PostgreSQL (durable), a Redis, a receiver, the API and workers as
            processes of their own, prints a table, and writes results.json, results.md and results.svg. Ctrl+C stops all of them.
            """)
        {
            scenarios, deliveries, rounds, history, minutes, rate, quick, output, set,
        };
        command.SetAction(result =>
        {
            var start = result.GetValue(quick) ? BenchSize.Smallest : new BenchSize(BenchSize.DefaultDeliveries, BenchSize.DefaultRounds, BenchSize.DefaultHistory, Quick: false);
            return run(new BenchSettings(
                Selected(result.GetValue(scenarios)!),
                start with
                {
                    Deliveries = Given(result, deliveries) ?? start.Deliveries,
                    Rounds = Given(result, rounds) ?? start.Rounds,
                    History = Given(result, history) ?? start.History,
                },
                Path.GetFullPath(result.GetValue(output)!),
                Given(result, minutes) ?? DefaultMinutes,
                Given(result, rate) ?? DefaultRate,
                (result.GetValue(set) ?? []).Select(Split).GroupBy(pair => pair.Name).ToDictionary(named => named.Key, named => (string?)named.Last().Value)));
        });
        return command;
    }

    private static Option<int> Number(string name, string helpName, string description, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, HelpName = helpName };
        option.Validators.Add(result =>
        {
            // Not GetValueOrDefault on a text that is no number: that fault has been reported already, and would throw here.
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var value) && (value < least || value > most))
            {
                result.AddError($"{name} must be between {least} and {most}.");
            }
        });
        return option;
    }

    // Not an option of a nullable number: what is said of a text that is no number would name that type.
    private static int? Given(ParseResult result, Option<int> option) => result.GetResult(option) is null ? null : result.GetValue(option);

    private static void NamesScenarios(ArgumentResult result)
    {
        foreach (var token in result.Tokens.Where(token => token.Value != All && !ScenarioList.Names.Contains(token.Value)))
        {
            result.AddError($"'{token.Value}' is no scenario. There are {string.Join(", ", ScenarioList.Names)} and {All}.");
        }
    }

    private static void AreSettings(OptionResult result)
    {
        foreach (var token in result.Tokens.Where(token => token.Value.IndexOf('=', StringComparison.Ordinal) < 1))
        {
            result.AddError($"--set takes NAME=VALUE, not '{token.Value}'.");
        }
    }

    private static IReadOnlyList<string> Selected(string[] asked)
    {
        var all = asked.Length == 0 || asked.Contains(All);
        return [.. ScenarioList.Names.Where(name => asked.Contains(name) || (all && ScenarioList.IsMeasuredInTurns(name)))];
    }

    private static (string Name, string Value) Split(string setting)
    {
        var equals = setting.IndexOf('=', StringComparison.Ordinal);
        return (setting[..equals], setting[(equals + 1)..]);
    }
}
