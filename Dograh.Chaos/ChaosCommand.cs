using System.CommandLine;

namespace Dograh.Chaos;

/// <summary>The command line.</summary>
internal static class ChaosCommand
{
    private const double LongestMinutes = 24 * 60;

    public static RootCommand Create(Func<ChaosSettings, Task<int>> run)
    {
        var minutes = new Option<double>("--minutes") { Description = "How long faults happen.", HelpName = "N", DefaultValueFactory = _ => 1 };
        minutes.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && double.TryParse(result.Tokens[0].Value, out var value) && value is not (> 0 and <= LongestMinutes))
            {
                result.AddError($"--minutes must be above 0 and at most {LongestMinutes}.");
            }
        });
        var seed = new Option<int>("--seed") { Description = "The same seed is the same schedule of faults.", HelpName = "N", DefaultValueFactory = _ => 42 };
        var keep = new Option<bool>("--keep") { Description = "Keep the folder with every process's log, and name it." };

        var command = new RootCommand("""
            Runs the whole of Dograh Webhooks (two APIs, three workers, a durable PostgreSQL, a redis-server, receivers that misbehave) under load and under a
            seeded schedule of faults, waits for quiet, and accounts for every delivery. Exit code 0: what was accepted has arrived or is a dead letter.
            """)
        {
            minutes, seed, keep,
        };
        command.SetAction(result => run(new ChaosSettings(result.GetValue(minutes), result.GetValue(seed), result.GetValue(keep))));
        return command;
    }
}
