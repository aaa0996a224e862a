using System.CommandLine;
using Dograh.Client;

namespace Dograh.Cli.Access;

/// <summary><c>dograh login</c>: asks for an address and a key, tries them and keeps them.</summary>
internal static class LoginCommand
{
    private const string DefaultUrl = "http://localhost:8080";

    public static Command Create(CommandLine line)
    {
        var fromInput = new Option<bool>("--key-stdin") { Description = "Read the key from the standard input." };
        var command = new Command(
            "login", $"Sign in to a server. Asks for its address and an API key, without showing it; --url, --key-stdin and {Connection.KeyVariable} answer beforehand.")
        {
            fromInput,
        };
        line.Handle(command, async call =>
        {
            var url = Connection.ReadUrl(call.Settings.Url ?? Connection.Variable(Connection.UrlVariable) ?? await AskUrlAsync(call));
            var key = await ReadKeyAsync(call, call.Get(fromInput), url);
            using var connection = new Connection(url, key, call.Settings.Organization);
            var me = await WhoAmIAsync(connection, call.Token);
            new SavedLogin(url.AbsoluteUri, key, call.Settings.Organization).Save();
            Tell(call, url, me);
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Who somebody is, in a few words.</summary>
    public static string Describe(Me me) => (me.Organization, me.Key) switch
    {
        ({ } organization, { } key) => $"{organization.Name} (organization {organization.Id}), with the key {key.Name}",
        ({ } organization, null) => $"the operator, acting for {organization.Name} (organization {organization.Id})",
        _ => "the operator",
    };

    private static async Task<string> AskUrlAsync(Call call)
    {
        if (!call.Screen.CanAsk) throw CliException.Usage("There is nobody to ask for the server's address.", $"Give it: --url, or {Connection.UrlVariable}.");
        return await call.Screen.AskAsync("The server's address", DefaultUrl, call.Token);
    }

    private static async Task<string> ReadKeyAsync(Call call, bool fromInput, Uri url)
    {
        if (!url.IsLoopback && url.Scheme == Uri.UriSchemeHttp) call.Screen.Note($"{url} is not encrypted: whoever is on the way can read the key.");
        var key = fromInput ? await Console.In.ReadLineAsync(call.Token)
            : Connection.Variable(Connection.KeyVariable)
            ?? (call.Screen.CanAsk
                ? await call.Screen.AskSecretAsync("The API key (not shown)", call.Token)
                : throw CliException.Usage("There is nobody to ask for the key.", $"Give it: --key-stdin, or {Connection.KeyVariable}."));
        return key?.Trim() is { Length: > 0 } given ? given : throw CliException.Usage("The key is empty.");
    }

    private static async Task<Me> WhoAmIAsync(Connection connection, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.Client.WhoAmIAsync(cancellationToken);
        }
        catch (DograhApiException e) when (e.Status == 401)
        {
            throw new CliException(ExitCodes.NotSignedIn, $"{connection.Url} does not know this key.", "Nothing was kept. Is the key whole, and for this server?");
        }
    }

    private static void Tell(Call call, Uri url, Me me)
    {
        if (call.Screen.IsJson)
        {
            call.Screen.Json(new { url = url.AbsoluteUri, me.Role, me.Organization, me.Key, kept_in = SavedLogin.Path });
            return;
        }

        call.Screen.Line($"Signed in to {url} as {Describe(me)}.");
        if (me.Key?.ExpiresAt is { } end) call.Screen.Line($"The key works until {end:yyyy-MM-dd HH:mm} UTC.");
        if (me is { Role: "operator", Organization: null }) call.Screen.Line("Say with --organization for whom you act.");
    }
}
