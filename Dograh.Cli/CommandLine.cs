using System.CommandLine;
using System.CommandLine.Help;
using Dograh.Cli.Access;
using Dograh.Cli.Completion;
using Dograh.Cli.DeadLetters;
using Dograh.Cli.Deliveries;
using Dograh.Cli.Doctor;
using Dograh.Cli.Listening;
using Dograh.Cli.Output;
using Dograh.Cli.Runs;
using Dograh.Cli.Status;
using Dograh.Cli.Triggering;
using Dograh.Client;

namespace Dograh.Cli;

/// <summary>The commands, the options that all of them take, and how each is run.</summary>
internal sealed class CommandLine
{
    private readonly Interruption _interruption;
    private readonly Option<bool> _json = new("--json") { Description = "Write JSON: one document, or a line for each event.", Recursive = true };
    private readonly Option<string> _url = new("--url")
    {
        Description = $"The server's address, in place of the one that was signed in to; {Connection.UrlVariable} likewise.", HelpName = "url", Recursive = true,
    };
    private readonly Option<long?> _organization = new("--organization")
    {
        Description = $"The organization that the operator's key acts for; {Connection.OrganizationVariable} likewise.", HelpName = "id", Recursive = true,
    };

    public CommandLine(Interruption interruption)
    {
        _interruption = interruption;
        Root = new RootCommand("Dograh Webhooks from the command line: what is delivered, what is not and why, and what to do about it.")
        {
            LoginCommand.Create(this),
            LogoutCommand.Create(this),
            StatusCommand.Create(this),
            DeliveriesCommand.Create(this),
            DeadLettersCommand.Create(this),
            RunsCommand.Create(this),
            TriggerCommand.Create(this),
            ListenCommand.Create(this),
            DoctorCommand.Create(this),
            CompletionCommand.Create(this),
        };
        // "/h" and "/?" are no options of this program's.
        Root.Options.OfType<HelpOption>().Single().Aliases.Clear();
        Root.Options.OfType<HelpOption>().Single().Aliases.Add("-h");
        Root.Options.Add(_json);
        Root.Options.Add(_url);
        Root.Options.Add(_organization);
    }

    /// <summary>All of it.</summary>
    public RootCommand Root { get; }

    /// <summary>Says what cannot be understood of a command line, and where to read about it.</summary>
    public static int Refuse(ParseResult result)
    {
        if (result.CommandResult is { Command.Subcommands.Count: > 0 } unfinished && result.UnmatchedTokens.Count == 0 && result.Errors.Count == 1)
        {
            unfinished.Command.Parse("--help").Invoke(new InvocationConfiguration { Output = Console.Error });
            return ExitCodes.Usage;
        }

        var screen = new Screen(isJson: false);
        foreach (var error in result.Errors.Select(error => error.Message).Distinct()) screen.Fault(error);
        screen.Advice($"See '{PathOf(result.CommandResult.Command)} --help'.");
        return ExitCodes.Usage;
    }

    /// <summary>Gives a command what it does.</summary>
    public void Handle(Command command, Func<Call, Task<int>> action) => command.SetAction(async (result, _) =>
    {
        var screen = new Screen(result.GetValue(_json));
        try
        {
            using var call = new Call(
                result, screen, new Settings(result.GetValue(_url), result.GetValue(_organization)), _interruption.Token);
            return await action(call);
        }
        catch (OperationCanceledException) when (_interruption.Token.IsCancellationRequested)
        {
            return _interruption.ExitCode;
        }
        catch (DograhException e)
        {
            return screen.Fault(CliException.Of(e));
        }
        catch (CliException e)
        {
            return screen.Fault(e);
        }
        catch (IOException) when (screen.IsClosed)
        {
            // Whoever read the output has had enough of it, as head has.
            return ExitCodes.Ok;
        }
        catch (Exception e)
        {
            // Of nothing that was foreseen: what it is has to be told in full, or nobody can mend it.
            screen.Fault($"This is a fault of dograh's own: {e}");
            return ExitCodes.Failed;
        }
    });

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "dograh";
}
