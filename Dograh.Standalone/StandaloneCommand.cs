using System.CommandLine;

namespace Dograh.Standalone;

/// <summary>The command line.</summary>
internal static class StandaloneCommand
{
    private const int DefaultPort = 8080;
    private const int MostWorkers = 32;
    private const string DefaultDataDirectory = ".dograh";

    /// <summary>The command with its options.</summary>
    /// <param name="run">What is done with them; answers the exit code.</param>
    public static RootCommand Create(Func<StandaloneSettings, Task<int>> run)
    {
        var port = new Option<int>("--port", "-p")
        {
            Description = "The port of the API and console on localhost; 0 takes any free one.",
            HelpName = "port",
            DefaultValueFactory = _ => DefaultPort,
        };
        port.Validators.Add(result => Between(result, port, 0, 65535));
        var data = new Option<string>("--data", "-d")
        {
            Description = "The folder that keeps the database, the secrets and the logs.",
            HelpName = "folder",
            DefaultValueFactory = _ => DefaultDataDirectory,
        };
        var workers = new Option<int>("--workers", "-w")
        {
            Description = $"How many workers deliver (1 to {MostWorkers}).",
            HelpName = "number",
            DefaultValueFactory = _ => 1,
        };
        workers.Validators.Add(result => Between(result, workers, 1, MostWorkers));
        var noDemo = new Option<bool>("--no-demo") { Description = "Start the stack only: no demo organization, receiver and run." };

        var command = new RootCommand("""
            Runs all of Dograh Webhooks on this machine: a private PostgreSQL and Garnet, the API and console, and a worker.
            A demo run then shows a webhook being retried and arriving. Ctrl+C stops everything; starting again keeps the data.
            ConnectionStrings__dograhdb and ConnectionStrings__redis in the environment replace the private servers; every other
            setting in the environment reaches the API and the workers.
            """)
        {
            port, data, workers, noDemo,
        };
        command.SetAction(result => run(new StandaloneSettings(
            result.GetValue(port),
            Path.GetFullPath(result.GetValue(data)!),
            result.GetValue(workers),
            !result.GetValue(noDemo))));
        return command;
    }

    private static void Between(System.CommandLine.Parsing.OptionResult result, Option<int> option, int least, int most)
    {
        // Not GetValueOrDefault on a text that is no number: that fault has been reported already, and would throw here.
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var value) && (value < least || value > most))
        {
            result.AddError($"{option.Name} must be between {least} and {most}.");
        }
    }
}
