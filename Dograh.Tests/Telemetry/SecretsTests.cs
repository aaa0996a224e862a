using Dograh.Standalone;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Npgsql;

namespace Dograh.Tests.Telemetry;

/// <summary>No secret reaches a span, a metric, a log record or a line of output, with everything logged that can be (I9).</summary>
[Collection<ObservedStackUsers>]
public sealed class SecretsTests(ObservedStack observed)
{
    [Fact]
    public async Task No_secret_is_in_what_is_exported_or_written_however_much_is_logged()
    {
        var planted = new Dictionary<string, string>
        {
            ["the credential's token"] = "planted-credential-4f1c",
            ["a custom header's value"] = "planted-header-9a02",
            ["a value in the payload"] = "planted-payload-77de",
            ["a rendered value"] = "planted-context-51ab",
            ["the URL's path"] = "planted-path-c3d8",
            ["the URL's query"] = "planted-query-0be6",
            ["a secret in the receiver's JSON"] = "planted-answer-8e44",
            ["a secret in the receiver's text"] = "planted-text-2f90",
            ["the value of a secret-looking header"] = "planted-dropped-6cc1",
            ["the operator's key"] = RunningStack.AdminKey,
            ["the master key"] = TestWorker.MasterKey,
            ["the database's password"] = new NpgsqlConnectionStringBuilder(observed.Database.ConnectionString).Password!,
        };
        using var acme = await observed.Stack.AddOrganizationAsync();
        planted["the organization's key"] = acme.Key;
        var signing = Assert.Single((await acme.GetAsync("signing-secrets")).GetProperty("items").EnumerateArray()).GetProperty("id").GetGuid();
        planted["the signing secret"] = (await acme.GetAsync($"signing-secrets/{signing}/secret")).GetProperty("secret").GetString()!["whsec_".Length..];
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers(
            Reply.Status(503, $$"""{"error":"nope","token":"{{planted["a secret in the receiver's JSON"]}}"}"""),
            Reply.Status(500, $"it broke, token={planted["a secret in the receiver's text"]}&more"),
            Reply.Ok.With("Set-Cookie", $"session={planted["a secret in the receiver's JSON"]}"),
            Reply.Status(400, $"no: token={planted["a secret in the receiver's text"]}"));
        var credential = await acme.PostAsync("credentials", new
        {
            name = "CRM",
            credential_type = "bearer_token",
            credential_data = new { token = planted["the credential's token"] },
        });
        var path = $"/{planted["the URL's path"]}?key={planted["the URL's query"]}";

        // One that is retried and arrives; one that is refused for good; one whose receiver is not there; one whose TLS fails.
        Uri[] urls =
        [
            receiver.At(path), receiver.At(path), new($"http://127.0.0.1:{FreePort.Next()}{path}"), new($"https://127.0.0.1:{receiver.Url.Port}{path}"),
        ];
        var deliveries = new List<Guid>();
        foreach (var url in urls)
        {
            var workflow = await acme.AddWorkflowAsync(
                url,
                ("credential_uuid", credential.GetProperty("uuid").GetString()!),
                ("custom_headers", new[]
                {
                    new { key = "X-Note", value = planted["a custom header's value"] },
                    new { key = "X-Auth-Token", value = planted["the value of a secret-looking header"] },
                }),
                ("payload_template", new { note = planted["a value in the payload"], said = "{{gathered_context.said}}" }),
                ("retry_config", new { max_attempts = 3 }));
            var completion = new { gathered_context = new { said = planted["a rendered value"] } };
            await acme.PostAsync($"workflows/{workflow}/preview", completion);
            deliveries.Add(await acme.CompleteAsync(workflow, completion));
            await EndsAsync(acme, deliveries[^1]);
        }

        Assert.Equal(["succeeded", "dead_letter", "dead_letter", "dead_letter"], await Task.WhenAll(deliveries.Select(id => StatusAsync(acme, id))));
        Assert.Equal($"Bearer {planted["the credential's token"]}", receiver.Requests[0].Header("Authorization"));
        planted["a signature"] = receiver.Requests[0].Header("webhook-signature")!["v1,".Length..];
        // The last word of each attempt, and of each request to a receiver, has been exported.
        await Eventually.TrueAsync(() => deliveries.TrueForAll(id => AttemptsLogged(id) == (id == deliveries[1] ? 1 : 3)));
        await Eventually.TrueAsync(() => deliveries.TrueForAll(id => AttemptsTraced(id) == (id == deliveries[1] ? 1 : 3)));

        var output = observed.Stack.Output;
        Assert.All(
            ["trce: Microsoft.AspNetCore", "dbug: Microsoft.EntityFrameworkCore", "dbug: Npgsql"],
            evidence => Assert.Contains(evidence, output, StringComparison.Ordinal));
        Assert.Contains("[REDACTED]", output, StringComparison.Ordinal);
        Assert.True(observed.Otlp.Has("[REDACTED]"), "what the receiver answered is not logged");
        Assert.Empty(planted.Where(secret => output.Contains(secret.Value, StringComparison.Ordinal)).Select(secret => $"{secret.Key} is written"));
        Assert.Empty(planted.Where(secret => observed.Otlp.Has(secret.Value)).Select(secret => $"{secret.Key} is exported"));
    }

    private static async Task EndsAsync(StackCaller acme, Guid delivery) =>
        await Eventually.TrueAsync(async () => await StatusAsync(acme, delivery) != "pending");

    private static async Task<string> StatusAsync(StackCaller acme, Guid delivery) => (await acme.DeliveryAsync(delivery)).GetProperty("status").GetString()!;

    private int AttemptsLogged(Guid delivery) => observed.Otlp.Logs.Count(record =>
        record.Body.StartsWith("delivery.attempted", StringComparison.Ordinal) && record.Attributes.GetValueOrDefault("dograh.delivery.id") == delivery.ToString());

    private int AttemptsTraced(Guid delivery) => observed.Otlp.Spans.Count(span =>
        span.Name == "deliver_webhook" && span.Attributes.GetValueOrDefault("dograh.delivery.id") == delivery.ToString());
}
