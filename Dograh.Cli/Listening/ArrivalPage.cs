using System.Text;
using System.Text.Json;
using Dograh.Cli.Output;
using Dograh.Webhooks.Receiver;

namespace Dograh.Cli.Listening;

/// <summary>Shows what arrives.</summary>
internal sealed class ArrivalPage(Screen screen, bool withHeaders)
{
    private static readonly string[] Told = [Webhook.IdHeader, "X-Dograh-Delivery-Attempt", "X-Dograh-Workflow-Run-Id"];

    public void Show(Arrival x)
    {
        if (screen.IsJson)
        {
            screen.JsonEvent(new
            {
                @event = "request", received_at = x.At, x.Method, x.Path, headers = x.Headers.GroupBy(header => header.Key).ToDictionary(group => group.Key, group => string.Join(", ", group.Select(header => header.Value))),
                body = Json(x.Body) is { } json ? (object)json : Encoding.UTF8.GetString(x.Body), x.Attempt, signature = x.Verdict is { } judged ? Name(judged) : null, x.Status,
            });
            return;
        }

        screen.Line();
        var answer = $"[{(x.Status < 300 ? "green" : "red")}]{x.Status}[/]";
        var attempt = x.Attempt is { } number ? $", attempt {number} of this webhook" : "";
        screen.Markup($"[dim]{Words.Clock(x.At)}[/] [bold]{Screen.Escape(x.Method)} {Screen.Escape(x.Path)}[/] → {answer}{attempt}");
        if (x.Verdict is { } verdict) screen.Markup(verdict == WebhookVerdict.Valid ? "[green]signature valid[/]" : $"[red]signature refused: {Explain(verdict)}[/]");
        foreach (var (name, value) in x.Headers.Where(header => withHeaders || Told.Contains(header.Key, StringComparer.OrdinalIgnoreCase))) screen.Markup($"[dim]{Screen.Escape(name)}:[/] {Screen.Escape(value)}");
        if (x.Body.Length == 0) return;
        if (Json(x.Body) is { } body) screen.ShowJson(body);
        else foreach (var line in SafeText.Lines(Encoding.UTF8.GetString(x.Body)).Split('\n')) screen.Line(line);
    }

    private static JsonElement? Json(byte[] body)
    {
        try
        {
            return JsonElement.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Name(WebhookVerdict verdict) => JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.ToString());

    private static string Explain(WebhookVerdict verdict) => verdict switch
    {
        WebhookVerdict.HeaderMissing => "it is not signed (webhook-id, webhook-timestamp or webhook-signature is missing)",
        WebhookVerdict.TimestampMalformed => "webhook-timestamp is no number",
        WebhookVerdict.TimestampTooOld => "it was signed too long ago; is this machine's clock right?",
        WebhookVerdict.TimestampTooNew => "it was signed in the future; is this machine's clock right?",
        _ => "none of the secrets has signed it",
    };
}
