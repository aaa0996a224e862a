using System.CommandLine;
using Dograh.Cli.Output;

namespace Dograh.Cli.Doctor;

/// <summary><c>dograh doctor</c>: looks at everything that deliveries need, and says what to do.</summary>
internal static class DoctorCommand
{
    public static Command Create(CommandLine line)
    {
        var command = new Command("doctor", "Check what deliveries need (login, server, database, key, clock, workers, egress, receivers) and say what to do.");
        line.Handle(command, async call =>
        {
            var findings = new List<Finding>();
            await foreach (var finding in new Checkup(call).RunAsync())
            {
                findings.Add(finding);
                if (!call.Screen.IsJson) Show(call.Screen, finding);
            }

            var failures = findings.Count(finding => finding.Level == Level.Failure);
            var warnings = findings.Count(finding => finding.Level == Level.Warning);
            if (call.Screen.IsJson) call.Screen.Json(new { is_well = failures == 0, failures, warnings, findings });
            else call.Screen.Markup(failures > 0 ? $"[red]{Words.Count(failures, "check failed", "checks failed")}.[/]" : warnings > 0 ? $"[yellow]All well, with {Words.Count(warnings, "warning", "warnings")}.[/]" : "[green]All well.[/]");
            return failures == 0 ? ExitCodes.Ok : ExitCodes.Failed;
        });
        return command;
    }

    private static void Show(Screen screen, Finding x)
    {
        var mark = x.Level switch
        {
            Level.Ok => "[green]ok  [/]",
            Level.Warning => "[yellow]warn[/]",
            _ => "[red]FAIL[/]",
        };
        screen.Markup($"{mark} {x.Check,-14} {Screen.Escape(x.Found)}");
        if (x.Advice is { } advice) screen.Markup($"     {"",-14} [dim]→[/] {Screen.Escape(advice)}");
    }
}
