using Dograh.Tests.Api;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Receiver;
using Dograh.Webhooks.Signing;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Signing;

/// <summary>What a receiver gets from a whole API and worker, verified by the reference libraries, from the bytes on its socket.</summary>
public sealed class WireTests(TestServers servers) : WorkerTest(servers)
{
    private const string Backoff = """{"base_delay_seconds": 0.01}""";

    [Fact]
    public async Task The_first_and_the_last_attempt_verify_and_each_is_signed_when_it_is_sent()
    {
        await using var api = await ApiHost.StartAsync(Database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var secret = await SecretAsync(acme, Assert.Single(await SecretsAsync(acme)));
        Receiver.Answers(503, 503, 200);
        await StartWorkerAsync();

        var delivery = (await acme.StoreRunAsync(await AddWorkflowAsync(acme), """{"gathered_context": {"said": "ärger 🎉"}}""")).Text("deliveries/0/delivery_id");
        var requests = await Receiver.RequestsAsync(3);

        Assert.All(requests, request => Assert.Equal(delivery, request.Header("webhook-id")));
        Assert.Contains("🎉", requests[0].Text, StringComparison.Ordinal);
        var now = await Database.ScalarAsync<long>("SELECT extract(epoch FROM now())::bigint");
        var sent = requests.Select(request => long.Parse(request.Header("webhook-timestamp")!)).ToList();
        Assert.Equal(sent.Order(), sent);
        Assert.All(sent, timestamp => Assert.InRange(timestamp, now - 120, now + 1));
        Assert.All(requests, request => Assert.Equal(WebhookVerdict.Valid, Judge(new WebhookVerifier(secret), request)));
        await NodeLibraries.AcceptAsync(requests.SelectMany(request => NodeCheck.V1(secret, request)));
    }

    [Fact]
    public async Task A_retry_long_after_carries_the_time_of_its_own_sending()
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).CreatedAgo(TimeSpan.FromHours(3)).WithAttempts(1));
        await ScheduleAsync(key);
        await StartWorkerAsync();

        var request = Assert.Single(await Receiver.RequestsAsync(1));

        var now = await Database.ScalarAsync<long>("SELECT extract(epoch FROM now())::bigint");
        Assert.InRange(long.Parse(request.Header("webhook-timestamp")!), now - 120, now + 1);
        await UntilAsync(key, DeliveryStatus.Succeeded);
    }

    [Fact]
    public async Task Before_during_and_after_a_rotation_the_secrets_that_are_active_verify_and_no_others()
    {
        await using var api = await ApiHost.StartAsync(Database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme);
        var oldId = Assert.Single(await SecretsAsync(acme));
        var old = await SecretAsync(acme, oldId);
        await StartWorkerAsync();

        await acme.StoreRunAsync(workflow);
        await Receiver.RequestsAsync(1);
        var next = await SecretAsync(acme, (await acme.PostAsync("signing-secrets/rotate")).Is(201).Uuid("id"));
        await acme.StoreRunAsync(workflow);
        await Receiver.RequestsAsync(2);
        (await acme.PostAsync($"signing-secrets/{oldId}/expire")).Is(200);
        await acme.StoreRunAsync(workflow);
        var requests = await Receiver.RequestsAsync(3);

        var (before, during, after) = (requests[0], requests[1], requests[2]);
        Assert.Equal([1, 2, 1], requests.Select(request => request.Header("webhook-signature")!.Split(' ').Length));
        Assert.StartsWith(Sign(next, during), during.Header("webhook-signature"), StringComparison.Ordinal);
        await NodeLibraries.AcceptAsync(
            [.. NodeCheck.V1(old, before), .. NodeCheck.V1(old, during), .. NodeCheck.V1(next, during), .. NodeCheck.V1(next, after)]);
        await NodeLibraries.RefuseAsync("No matching signature found", [.. NodeCheck.V1(next, before), .. NodeCheck.V1(old, after)]);
    }

    [Fact]
    public async Task A_changed_byte_an_old_timestamp_and_anothers_secret_do_not_verify()
    {
        await using var api = await ApiHost.StartAsync(Database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var stranger = await api.NewOrganizationAsync("Stranger");
        var secret = await SecretAsync(acme, Assert.Single(await SecretsAsync(acme)));
        var others = await SecretAsync(stranger, Assert.Single(await SecretsAsync(stranger)));
        await StartWorkerAsync();
        await acme.StoreRunAsync(await AddWorkflowAsync(acme));
        var request = Assert.Single(await Receiver.RequestsAsync(1));
        await NodeLibraries.AcceptAsync(NodeCheck.V1(secret, request));

        ReceivedRequest[] changed =
        [
            request with { Body = [.. request.Body[..^1], (byte)' ', request.Body[^1]] },
            request with { Body = [] },
            With(request, "webhook-id", $"{Guid.CreateVersion7()}"),
            With(request, "webhook-timestamp", $"{long.Parse(request.Header("webhook-timestamp")!) + 1}"),
        ];
        // Signed right, but long ago: what somebody overheard and sends again.
        var old = With(request, "webhook-timestamp", $"{long.Parse(request.Header("webhook-timestamp")!) - 360}");
        old = With(old, "webhook-signature", Sign(secret, old));

        var verifier = new WebhookVerifier(secret);
        Assert.All(changed, one => Assert.Equal(WebhookVerdict.SignatureWrong, Judge(verifier, one)));
        Assert.Equal(WebhookVerdict.TimestampTooOld, Judge(verifier, old));
        Assert.Equal(WebhookVerdict.SignatureWrong, Judge(new WebhookVerifier(others), request));
        await NodeLibraries.RefuseAsync("No matching signature found", [.. changed.SelectMany(one => NodeCheck.V1(secret, one)), .. NodeCheck.V1(others, request)]);
        await NodeLibraries.RefuseAsync("Message timestamp too old", NodeCheck.V1(secret, old));
    }

    [Fact]
    public async Task A_v1a_signature_verifies_with_the_published_key_beside_the_v1_signature()
    {
        await using var api = await ApiHost.StartAsync(Database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var secret = await SecretAsync(acme, Assert.Single(await SecretsAsync(acme)));
        (await acme.PostAsync("signing-secrets", """{"algorithm": "v1a"}""")).Is(201);
        var key = (await acme.GetAsync("signing-keys")).Is(200).Text("items/0/public_key");
        await StartWorkerAsync();

        await acme.StoreRunAsync(await AddWorkflowAsync(acme));
        var request = Assert.Single(await Receiver.RequestsAsync(1));

        Assert.Equal(["v1a", "v1"], request.Header("webhook-signature")!.Split(' ').Select(signature => signature.Split(',')[0]));
        Assert.Equal(WebhookVerdict.Valid, Judge(new WebhookVerifier(key), request));
        Assert.Equal(WebhookVerdict.SignatureWrong, Judge(new WebhookVerifier(key), request with { Body = [.. request.Body, 0] }));
        await NodeLibraries.AcceptAsync([NodeCheck.V1a(key, request), .. NodeCheck.V1(secret, request)]);
        await NodeLibraries.RefuseAsync("no signature matches", NodeCheck.V1a(key, request with { Body = [.. request.Body, 0] }));
    }

    [Fact]
    public async Task A_request_without_a_body_is_signed_as_one_whose_body_is_empty()
    {
        await using var api = await ApiHost.StartAsync(Database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var secret = await SecretAsync(acme, Assert.Single(await SecretsAsync(acme)));
        await StartWorkerAsync();

        await acme.StoreRunAsync(await AddWorkflowAsync(acme, ("http_method", "GET")));
        var request = Assert.Single(await Receiver.RequestsAsync(1));

        Assert.Empty(request.Body);
        await NodeLibraries.AcceptAsync(NodeCheck.V1(secret, request));
    }

    [Fact]
    public async Task A_node_with_a_secret_of_its_own_is_signed_with_that_and_for_the_overlap_with_the_organizations_too()
    {
        await using var api = await ApiHost.StartAsync(Database, Redis.ConnectionString);
        var acme = await api.NewOrganizationAsync();
        var common = await SecretAsync(acme, Assert.Single(await SecretsAsync(acme)));
        var workflow = await AddWorkflowAsync(acme);
        await StartWorkerAsync();

        var own = await SecretAsync(acme, (await acme.PostAsync("signing-secrets/rotate", new { workflow_id = workflow, webhook_node_id = "hook" })).Is(201).Uuid("id"));
        await acme.StoreRunAsync(workflow);
        await Receiver.RequestsAsync(1);
        await Database.ExecuteAsync("UPDATE signing_secrets SET expires_at = now() WHERE expires_at IS NOT NULL");
        await acme.StoreRunAsync(workflow);
        var requests = await Receiver.RequestsAsync(2);

        Assert.Equal(WebhookVerdict.Valid, Judge(new WebhookVerifier(own), requests[0]));
        Assert.Equal(WebhookVerdict.Valid, Judge(new WebhookVerifier(common), requests[0]));
        Assert.Equal(WebhookVerdict.Valid, Judge(new WebhookVerifier(own), requests[1]));
        Assert.Equal(WebhookVerdict.SignatureWrong, Judge(new WebhookVerifier(common), requests[1]));
    }

    [Fact]
    public async Task A_delivery_of_an_organization_from_before_there_were_secrets_is_signed_with_the_one_that_its_owner_sees()
    {
        var organization = await Database.AddOrganizationAsync();
        var key = await Database.AddAsync(ADelivery().Of(await Database.AddRunAsync(organization)).To(Receiver.Url));
        await ScheduleAsync(key);
        var worker = await StartWorkerAsync();

        var request = Assert.Single(await Receiver.RequestsAsync(1));

        await using var context = Database.NewContext();
        var secret = worker.Get<SigningSecretStore>().Open(Assert.Single(context.SigningSecrets.Where(row => row.OrganizationId == organization)));
        Assert.Equal(WebhookVerdict.Valid, Judge(new WebhookVerifier(secret), request));
    }

    [Fact]
    public async Task With_a_secret_that_cannot_be_decrypted_nothing_is_sent_and_no_attempt_counted_until_it_can()
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url));
        var right = await ComposeWorkerAsync();
        var secret = await Database.AddSigningSecretAsync(right, key.OrganizationId, SigningScope.Organization);
        var wrong = await StartWorkerAsync(("Secrets:MasterKey", Convert.ToBase64String(new byte[32])));
        await Eventually.TrueAsync(async () => await Database.DeliveryAsync(key) is { ClaimCount: > 0, LeasedBy: null });
        Assert.True(wrong.Log.Has("Signing secret"));
        await wrong.StopAsync();
        var waiting = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.Pending, 0), (waiting.Status, waiting.AttemptCount));
        Assert.Empty(Receiver.Requests);

        await Database.ExecuteAsync("UPDATE webhook_deliveries SET scheduled_for = now()");
        await StartWorkerAsync();
        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal(WebhookVerdict.Valid, Judge(new WebhookVerifier(secret), Assert.Single(Receiver.Requests)));
    }

    private static WebhookVerdict Judge(WebhookVerifier verifier, ReceivedRequest request) =>
        verifier.Judge(request.Header("webhook-id"), request.Header("webhook-timestamp"), request.Header("webhook-signature"), request.Body);

    private static string Sign(string secret, ReceivedRequest request) => new SigningKeys([SigningKey.Open("v1", secret)])
        .Sign(Guid.Parse(request.Header("webhook-id")!), long.Parse(request.Header("webhook-timestamp")!), request.Body);

    private static ReceivedRequest With(ReceivedRequest request, string name, string value) =>
        request with { Headers = new Dictionary<string, string>(request.Headers, StringComparer.OrdinalIgnoreCase) { [name] = value } };

    private static async Task<IReadOnlyList<Guid>> SecretsAsync(ApiOrganization organization) =>
        [.. (await organization.GetAsync("signing-secrets")).Is(200).Items().Select(item => item.Uuid("id"))];

    private static async Task<string> SecretAsync(ApiOrganization organization, Guid id) =>
        (await organization.GetAsync($"signing-secrets/{id}/secret")).Is(200).Text("secret");

    private Task<long> AddWorkflowAsync(ApiOrganization organization, params (string Name, System.Text.Json.Nodes.JsonNode? Value)[] data) => organization.AddWorkflowAsync(Webhook(
        "hook", [("endpoint_url", Receiver.Url.ToString()), ("retry_config", Raw(Backoff)), ("payload_template", Raw("""{"said": "{{gathered_context.said}}"}""")), .. data]));
}
