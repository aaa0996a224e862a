using Dograh.Cli.Access;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli.Doctor;

/// <summary>The checks, one after the other: what a later one needs, an earlier one has shown.</summary>
internal sealed class Checkup(Call call)
{
    private static readonly TimeSpan SoonToExpire = TimeSpan.FromDays(14);

    // Receivers refuse what was signed more than five minutes from their now; a second is what the Date header can tell.
    private static readonly TimeSpan ClockOff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ClockWrong = TimeSpan.FromMinutes(1);

    // Far longer than a worker takes to claim what is due.
    private static readonly TimeSpan DueTooLong = TimeSpan.FromMinutes(1);

    // What the commands need; a key may well have been made for less.
    private static readonly (string Scope, string Commands)[] Needed =
    [
        ("deliveries:read", "status, deliveries list, show and tail"), ("deliveries:write", "deliveries replay and cancel"), ("runs:write", "runs complete, trigger"),
        ("signing:read", "listen --verify"), ("signing:write", "listen --verify"),
    ];

    public async IAsyncEnumerable<Finding> RunAsync()
    {
        yield return Login(out var isSignedIn);
        if (!isSignedIn) yield break;

        var began = TimeProvider.System.GetUtcNow();
        var (server, health) = await ServerAsync();
        yield return server;
        if (health is null) yield break;
        yield return Database(health);
        if (health.Status == "Unhealthy") yield break;
        yield return Clock(health, began);

        var (key, me) = await KeyAsync();
        yield return key;
        if (me is null) yield break;
        if (me.Key is { } own) yield return Scopes(own);
        if (me.Organization is null || me.Key?.Scopes is { } scopes && !scopes.Contains("deliveries:read")) yield break;

        var stats = await call.Client.Stats.GetAsync("24h", call.Token);
        yield return Workers(stats);
        yield return Circuits(stats);
        var dead = await call.Client.Deliveries.ListAsync(new DeliveryFilter { Status = "dead_letter" }, limit: 200, cancellationToken: call.Token);
        yield return DeadLetters(dead);
        yield return Egress(dead);
    }

    private Finding Login(out bool isSignedIn)
    {
        const string Check = "login";
        try
        {
            var connection = call.Connection;
            isSignedIn = true;
            if (Connection.Variable(Connection.KeyVariable) is not null) return Finding.Ok(Check, $"{connection.Url}, with the key in {Connection.KeyVariable}");
            return SavedLogin.IsOpenToOthers
                ? Finding.Failure(Check, $"{SavedLogin.Path} can be read by others.", $"chmod 600 {SavedLogin.Path}, and make a new key if it may have been read.")
                : Finding.Ok(Check, $"{connection.Url}, with the key in {SavedLogin.Path}");
        }
        catch (CliException e)
        {
            isSignedIn = false;
            return Finding.Failure(Check, e.Message, e.Advice ?? "Sign in: dograh login");
        }
    }

    private async Task<(Finding Finding, Health? Health)> ServerAsync()
    {
        const string Check = "server";
        try
        {
            var began = TimeProvider.System.GetTimestamp();
            var health = await call.Client.GetHealthAsync(call.Token);
            return (Finding.Ok(Check, $"answers, in {Words.Duration(TimeProvider.System.GetElapsedTime(began))}"), health);
        }
        catch (DograhConnectionException e)
        {
            return (Finding.Failure(Check, e.Message, "Is the address right, does Dograh.Api run, and does a firewall or proxy stand between?"), null);
        }
    }

    private static Finding Database(Health health) => health.Status switch
    {
        "Healthy" => Finding.Ok("stores", "PostgreSQL is there and migrated, and so is Redis"),
        "Degraded" => Finding.Warning("stores", "Redis is away. Deliveries go on, later than they might.", "Start Redis, or mend ConnectionStrings:redis of the API."),
        _ => Finding.Failure(
            "stores", "PostgreSQL is away or not migrated: nothing is accepted.",
            "Start PostgreSQL, mend ConnectionStrings:dograhdb, and run 'Dograh.Api migrate' if its log says that migrations are pending."),
    };

    private static Finding Clock(Health health, DateTimeOffset asked)
    {
        const string Check = "clock";
        if (health.ServerTime is not { } server) return Finding.Ok(Check, "the server does not tell its time");
        // Date tells whole seconds, of some moment between asking and now.
        var now = TimeProvider.System.GetUtcNow();
        var ahead = server > now ? server - now : server.AddSeconds(1) < asked ? server.AddSeconds(1) - asked : TimeSpan.Zero;
        var difference = $"this machine's clock and the server's are {Words.Duration(ahead.Duration())} apart";
        const string Advice = "Set both by NTP. Receivers refuse what was signed more than five minutes from their now.";
        return ahead.Duration() > ClockWrong ? Finding.Failure(Check, $"{difference}.", Advice)
            : ahead.Duration() > ClockOff ? Finding.Warning(Check, $"{difference}.", Advice)
            : Finding.Ok(Check, "this machine and the server agree to the second");
    }

    private async Task<(Finding Finding, Me? Me)> KeyAsync()
    {
        const string Check = "key";
        try
        {
            var me = await call.Client.WhoAmIAsync(call.Token);
            if (me is { Role: "operator", Organization: null })
            {
                return (Finding.Warning(Check, "valid; it is the operator's, who acts for nobody", "Say with --organization for whom, and more can be checked."), me);
            }

            return me.Key?.ExpiresAt is { } end && end - TimeProvider.System.GetUtcNow() is var left && left < SoonToExpire
                ? (Finding.Warning(Check, $"valid, but for {Words.Duration(left)} only: {LoginCommand.Describe(me)}", "Make a new key in time (console, or POST /api/v1/api-keys), and sign in with it."), me)
                : (Finding.Ok(Check, $"valid{(me.Key?.ExpiresAt is { } until ? $" until {Words.Time(until)}" : "")}: {LoginCommand.Describe(me)}"), me);
        }
        catch (DograhApiException e) when (e.Status is 401 or 403)
        {
            return (Finding.Failure(Check, "The server does not know this key, or no longer.", "Sign in with one that works: dograh login"), null);
        }
    }

    private static Finding Scopes(MyKey key)
    {
        const string Check = "scopes";
        if (key.Scopes is null) return Finding.Ok(Check, "everything");
        var lacking = Needed.Where(needed => !key.Scopes.Contains(needed.Scope)).ToList();
        return lacking.Count == 0
            ? Finding.Ok(Check, string.Join(", ", key.Scopes))
            : Finding.Warning(
                Check, $"the key lacks {string.Join(", ", lacking.Select(x => x.Scope))}",
                $"That is right if it is meant to; these need them: {string.Join(", ", lacking.Select(x => x.Commands).Distinct())}.");
    }

    private static Finding Workers(DeliveryStats stats)
    {
        const string Check = "workers";
        var age = TimeSpan.FromSeconds(stats.OldestDueAgeSeconds);
        return age > DueTooLong
            ? Finding.Failure(Check, $"A delivery is due for {Words.Duration(age)}.", "Does Dograh.Worker run, and reach PostgreSQL? If it does, add workers: docs/runbook.md has more.")
            : Finding.Ok(Check, stats.Deliveries.Pending == 0 ? "nothing waits" : $"keep up: what is due waits for {Words.Duration(age)}");
    }

    private static Finding Circuits(DeliveryStats stats)
    {
        var open = stats.Endpoints.Where(x => x.Circuit is not "closed").Select(x => x.Host).ToList();
        return open.Count == 0
            ? Finding.Ok("circuits", $"closed, of all {Words.Count(stats.Endpoints.Count, "receiver", "receivers")} of the last 24 hours")
            : Finding.Failure("circuits", $"Open for {string.Join(", ", open)}.", "These receivers fail: see to them. Their deliveries wait, and go on by themselves.");
    }

    private static Finding DeadLetters(Page<Delivery> dead)
    {
        const string Check = "dead letters";
        if (dead.Items.Count == 0) return Finding.Ok(Check, "none");
        var count = $"{dead.Items.Count}{(dead.NextCursor is null ? "" : " and more")}";
        var last = dead.Items[0];
        return Finding.Failure(
            Check, $"{count}, the newest {Words.Age(last.CreatedAt)} old: {last.LastError ?? $"HTTP {last.LastStatusCode}"}", "See 'dograh dead-letters', mend the cause, and replay them.");
    }

    private static Finding Egress(Page<Delivery> dead)
    {
        const string Check = "egress";
        var refused = dead.Items.Where(x => x.LastError?.StartsWith("egress ", StringComparison.Ordinal) == true).ToList();
        return refused.Count == 0
            ? Finding.Ok(Check, "no delivery was refused for where it goes")
            : Finding.Failure(Check, $"{refused.Count} dead letters: {refused[0].LastError}", "Allow it in Egress:AllowedNetworks or Egress:AllowedPorts of API and workers, or mend the node's URL.");
    }
}
