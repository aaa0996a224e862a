using System.CommandLine;

namespace Dograh.Cli.Access;

/// <summary><c>dograh logout</c>: forgets the key. It works on for whoever else has it.</summary>
internal static class LogoutCommand
{
    public static Command Create(CommandLine line)
    {
        var command = new Command("logout", "Forget the key. It is not revoked: whoever else has it can use it.");
        line.Handle(command, call =>
        {
            var wasSignedIn = SavedLogin.Delete();
            if (call.Screen.IsJson) call.Screen.Json(new { was_signed_in = wasSignedIn });
            else call.Screen.Line(wasSignedIn ? "Signed out." : "Nobody was signed in.");
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }
}
