using System.CommandLine;
using System.Text.Json;
using Dograh.Cli.Output;
using Dograh.Client;

namespace Dograh.Cli.Deliveries;

/// <summary><c>dograh deliveries show</c>: one delivery with all that is known of it.</summary>
internal static class ShowCommand
{
    public static Command Create(CommandLine line)
    {
        var id = new Argument<Guid>("id") { Description = "The delivery's id." };
        var body = new Option<bool>("--bodies") { Description = "Show what the receiver answered, too." };
        var command = new Command("show", "Show one delivery: its state, what it waits for, each attempt, headers and payload.") { id, body };
        line.Handle(command, async call =>
        {
            var delivery = await call.Client.Deliveries.GetAsync(call.Get(id), call.Token);
            if (call.Screen.IsJson) call.Screen.Json(delivery);
            else Show(call.Screen, delivery, call.Get(body));
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>What an attempt came to, in a few words.</summary>
    public static string Outcome(Attempt attempt) =>
        (attempt.StatusCode, attempt.Error?.TrimEnd(' ', ':')) switch
        {
            ({ } code, null) => $"{code}",
            ({ } code, { } error) => error.Contains($"{code}", StringComparison.Ordinal) ? error : $"{code} {error}",
            (null, { } error) => error,
            _ => "nothing",
        };

    /// <summary>What a delivery waits for, in a few words; null if it does not.</summary>
    public static string? Waiting(Delivery delivery) => delivery.WaitingFor is not { } waiting ? null
        : (waiting.Reason switch
        {
            "schedule" => "its time",
            "retry" => "its next attempt",
            "circuit" => "the receiver's circuit to close",
            "concurrency" => "a place among those being sent to the receiver",
            "throttled" => "the receiver, which asked for less",
            "worker" => "a worker",
            "credential" => "a token for its credential",
            var other => other,
        }) + (waiting.Until is { } until && until > TimeProvider.System.GetUtcNow() ? $", in {Words.Duration(until - TimeProvider.System.GetUtcNow())}" : "");

    private static void Show(Screen screen, DeliveryDetail x, bool withBodies)
    {
        Fact("Delivery", $"{x.Id:D}");
        screen.Markup($"{"State",-12}{Words.StateMarkup(x.Status)}, attempt {x.AttemptCount} of {x.MaxAttempts}");
        if (Waiting(x) is { } waiting) Fact("Waits for", waiting);
        Fact("Webhook", $"{x.WebhookName} (node {x.WebhookNodeId}, workflow {x.WorkflowId}, run {x.WorkflowRunId})");
        Fact("Request", $"{x.HttpMethod} {x.EndpointUrl}");
        if (x.LastError is { } error) Fact("Last error", error);
        Fact("Created", Words.Time(x.CreatedAt));
        if (x.DeliveredAt is { } delivered) Fact("Delivered", Words.Time(delivered));
        if (x.CredentialUuid is { } credential) Fact("Credential", $"{credential:D}");
        if (x.TraceId is { } trace) Fact("Trace", trace);
        if (x.Attempts.Count > 0)
        {
            screen.Line();
            screen.Show(Attempts(x.Attempts));
        }

        foreach (var attempt in x.Attempts.Where(attempt => withBodies && attempt.ResponseBody is { Length: > 0 }))
        {
            screen.Line();
            screen.Markup($"[dim]Attempt {attempt.Number} was answered:[/]");
            foreach (var text in SafeText.Lines(attempt.ResponseBody!).Split('\n')) screen.Line(text);
        }

        if (x.CustomHeaders is { ValueKind: JsonValueKind.Object or JsonValueKind.Array } headers && headers.ToString().Length > 2)
        {
            screen.Line();
            screen.Markup("[dim]Headers[/]");
            screen.ShowJson(headers);
        }

        screen.Line();
        screen.Markup("[dim]Payload[/]");
        if (x.Payload is { } payload) screen.ShowJson(payload);
        else screen.Line("Removed, for it is older than payloads are kept.");

        void Fact(string name, string value) => screen.Markup($"{name,-12}{Screen.Escape(value)}");
    }

    private static Table Attempts(IReadOnlyList<Attempt> attempts)
    {
        var table = new Table(
            new Column("ATTEMPT", IsNumber: true), new Column("AT"), new Column("TOOK", IsNumber: true), new Column("OUTCOME", CanBeCut: true));
        foreach (var x in attempts) table.Add($"{x.Number}", Words.Time(x.StartedAt), Words.Milliseconds(x.DurationMs), Outcome(x));
        return table;
    }
}
