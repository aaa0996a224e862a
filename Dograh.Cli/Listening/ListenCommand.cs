using System.CommandLine;
using Dograh.Cli.Access;
using Dograh.Cli.Output;
using Dograh.Webhooks.Receiver;

namespace Dograh.Cli.Listening;

/// <summary><c>dograh listen</c>: a receiver on this machine that prints what arrives, and fails as it is told to.</summary>
internal static class ListenCommand
{
    private const int DefaultPort = 8787;
    private const string SecretVariable = "DOGRAH_WEBHOOK_SECRET";

    public static Command Create(CommandLine line)
    {
        var port = new Option<int>("--port", "-p") { Description = "The port; 0 takes any free one.", HelpName = "port", DefaultValueFactory = _ => DefaultPort };
        var host = new Option<string>("--bind") { Description = "The address to listen on; 0.0.0.0 for all.", HelpName = "address", DefaultValueFactory = _ => "127.0.0.1" };
        var fail = new Option<int>("--fail") { Description = "Fail the first attempts of each webhook, so many.", HelpName = "number" };
        var failStatus = new Option<int>("--fail-status") { Description = "What failed attempts are answered.", HelpName = "code", DefaultValueFactory = _ => 503 };
        var status = new Option<int>("--status") { Description = "What the others are answered.", HelpName = "code", DefaultValueFactory = _ => 200 };
        var delay = Moments.Duration("--delay", "How long to wait before answering");
        var verify = new Option<bool>("--verify") { Description = $"Verify signatures, and answer 401 to what is not signed. With --secret, {SecretVariable}, or the secrets of whoever is signed in." };
        var secret = new Option<string[]>("--secret") { Description = "A secret (whsec_…) or public key (whpk_…) to verify with; may be given several times.", HelpName = "secret" };
        var count = new Option<int>("--count", "-n") { Description = "End after so many requests.", HelpName = "number" };
        var headers = new Option<bool>("--headers") { Description = "Print all headers, credentials too." };
        foreach (var code in (Option<int>[])[status, failStatus])
        {
            code.Validators.Add(result =>
            {
                if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var number) && number is < 200 or > 599) result.AddError($"{code.Name} must be between 200 and 599.");
            });
        }

        var command = new Command("listen", "Receive webhooks on this machine, print them, verify their signatures, and fail as told.")
        {
            port, host, fail, failStatus, status, delay, verify, secret, count, headers,
        };
        line.Handle(command, async call =>
        {
            var secrets = await ReadSecretsAsync(call, call.Get(secret), call.Get(verify));
            var manner = new Manner(call.Get(status), call.Get(fail), call.Get(failStatus), call.Get(delay) ?? TimeSpan.Zero, secrets.Count == 0 ? null : Verifier(secrets));
            return await ListenAsync(call, call.Get(host)!, call.Get(port), manner, call.Get(count), call.Get(headers));
        });
        return command;
    }

    private static async Task<int> ListenAsync(Call call, string host, int port, Manner manner, int count, bool withHeaders)
    {
        await using var receiver = await LocalReceiver.StartAsync(host, port, manner, call.Token);
        var page = new ArrivalPage(call.Screen, withHeaders);
        if (call.Screen.IsJson) call.Screen.JsonEvent(new { @event = "listening", url = receiver.Url });
        else call.Screen.Line($"Listening on {receiver.Url}{(manner.Verifier is null ? "" : ", verifying signatures")}; Ctrl+C ends it.");
        var (arrived, refused) = (0, 0);
        await foreach (var arrival in receiver.Arrivals.ReadAllAsync(call.Token))
        {
            page.Show(arrival);
            if (arrival.Verdict is not (null or WebhookVerdict.Valid)) refused++;
            if (++arrived == count) break;
        }

        await receiver.DrainAsync();
        return refused == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static async Task<IReadOnlyList<string>> ReadSecretsAsync(Call call, string[]? given, bool isWanted)
    {
        if (given is { Length: > 0 }) return given;
        if (!isWanted) return [];
        if (Connection.Variable(SecretVariable) is { } variable) return variable.Split(' ', StringSplitOptions.RemoveEmptyEntries);

        // Any of them may have signed; a receiver for one node would have its own only.
        var secrets = new List<string>();
        await foreach (var secret in call.Client.Signing.AllAsync(call.Token)) secrets.Add((await call.Client.Signing.RevealAsync(secret.Id, call.Token)).Secret);
        if (secrets.Count == 0) throw new CliException(ExitCodes.Failed, "The organization has no signing secret.");
        call.Screen.Note($"Verifying with {Words.Count(secrets.Count, "signing secret", "signing secrets")} of {call.Connection.Url}; revealing them is in the audit log.");
        return secrets;
    }

    private static WebhookVerifier Verifier(IReadOnlyList<string> secrets)
    {
        try
        {
            return new WebhookVerifier(secrets);
        }
        catch (FormatException e)
        {
            throw CliException.Usage(e.Message);
        }
    }
}
