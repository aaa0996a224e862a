using System.Text.Json;
using Dograh.Client;
using Dograh.Tests.Api;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Client;

/// <summary>Every call against the API itself.</summary>
public sealed class DograhClientTests(ApiFixture fixture) : ApiTest(fixture)
{
    private static readonly JsonElement NoContext = JsonElement.Parse("""{"customer": "Ana"}""");

    [Fact]
    public async Task Health_needs_no_key_and_tells_the_servers_time()
    {
        var health = await Anonymous().GetHealthAsync(Token);

        Assert.Equal("Healthy", health.Status);
        Assert.InRange(health.ServerTime!.Value, TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow().AddMinutes(1));
    }

    [Fact]
    public async Task The_operator_makes_organizations_lists_them_and_sets_their_quotas()
    {
        var organizations = Client(ApiHost.AdminKey).Organizations;

        var created = await organizations.CreateAsync("Initech", Token);
        var quotas = await organizations.SetQuotasAsync(created.Id, new QuotasRequest(PendingDeliveries: 7, WebhookNodes: 0), Token);

        Assert.Equal("Initech", created.Name);
        Assert.Contains(new Organization(created.Id, "Initech", created.CreatedAt), await organizations.AllAsync(Token).ToListAsync(Token));
        Assert.Equal((7, (int?)null, 0, 7), (quotas.PendingDeliveries, quotas.DeliveriesPerMinute, quotas.WebhookNodes, quotas.Effective.PendingDeliveries));
        Assert.Equal(quotas, await organizations.GetQuotasAsync(created.Id, Token));
        Assert.Equal(new OrganizationBacklog(created.Id, "Initech", created.CreatedAt, 0, 0, 0, 0), (await organizations.ListBacklogsAsync(cancellationToken: Token)).Items.Single(x => x.Id == created.Id));
        Assert.Single(await Client(created.ApiKey).ApiKeys.AllAsync(Token).ToListAsync(Token));
    }

    [Fact]
    public async Task Keys_are_made_with_scopes_and_an_end_listed_and_revoked()
    {
        var keys = (await NewOrganizationAsync()).ApiKeys;
        var end = new DateTimeOffset(2100, 1, 2, 3, 4, 5, TimeSpan.Zero);

        var created = await keys.CreateAsync(new ApiKeyRequest("for the CRM", ["deliveries:read"], end), Token);

        Assert.StartsWith(created.Prefix, created.Key, StringComparison.Ordinal);
        var listed = (await keys.ListAsync(limit: 1, cancellationToken: Token)).Items.Single();
        Assert.Equal((created.Id, "for the CRM", end), (listed.Id, listed.Name, listed.ExpiresAt));
        Assert.Equal(["deliveries:read"], listed.Scopes);
        await keys.DeleteAsync(created.Id, Token);
        Assert.Equal(401, (await Assert.ThrowsAsync<DograhApiException>(() => Client(created.Key).Stats.GetAsync(cancellationToken: Token))).Status);
    }

    [Fact]
    public async Task Credentials_are_stored_once_under_a_key_changed_tested_and_deleted()
    {
        await using var receiver = await Support.Receiver.StartAsync();
        var credentials = (await NewOrganizationAsync()).Credentials;
        var request = new CredentialRequest("CRM", "of the CRM", "bearer_token", JsonElement.Parse("""{"token": "t0ken"}"""));

        var created = await credentials.CreateAsync(request, "once", Token);
        var again = await credentials.CreateAsync(request, "once", Token);
        var changed = await credentials.UpdateAsync(created.Uuid, new CredentialRequest(Description: ""), Token);
        var tested = await credentials.TestAsync(created.Uuid, new CredentialTestRequest(receiver.Url.AbsoluteUri), Token);

        Assert.Equal(created.Uuid, again.Uuid);
        Assert.Equal(("CRM", "", "bearer_token"), (changed.Name, changed.Description, changed.CredentialType));
        Assert.Equal((200, null), (tested.StatusCode, tested.Error));
        Assert.Equal("Bearer t0ken", receiver.Requests.Single().Header("Authorization"));
        Assert.Equal(changed, await credentials.GetAsync(created.Uuid, Token));
        Assert.Equal([changed], await credentials.AllAsync(Token).ToListAsync(Token));
        await credentials.DeleteAsync(created.Uuid, Token);
        Assert.Equal(404, (await Assert.ThrowsAsync<DograhApiException>(() => credentials.GetAsync(created.Uuid, Token))).Status);
    }

    [Fact]
    public async Task An_organization_sees_its_quotas()
    {
        var created = await Client(ApiHost.AdminKey).Organizations.CreateAsync("Limited", Token);
        await Client(ApiHost.AdminKey).Organizations.SetQuotasAsync(created.Id, new QuotasRequest(PendingDeliveries: 7), Token);

        var quotas = await Client(created.ApiKey).GetOwnQuotasAsync(Token);

        Assert.Equal((new QuotaUse(7, 0), new QuotaUse(null, null)), (quotas.PendingDeliveries, quotas.PayloadBytes));
    }

    [Fact]
    public async Task Bins_are_made_told_what_to_answer_looked_into_cleared_and_deleted()
    {
        var bins = (await NewOrganizationAsync()).Bins;

        var made = await bins.CreateAsync(new BinSettings("mine", FailTimes: 1, RetryAfterSeconds: 2), "once", Token);
        var told = await bins.UpdateAsync(made.Id, new BinSettings(Status: 202, RetryAfterSeconds: 0), Token);
        using var request = new StringContent("hello");
        using var answer = await Api.Anonymous.Http.PostAsync(new Uri(made.Url), request, Token);

        Assert.Equal(made.Id, (await bins.CreateAsync(new BinSettings("mine", FailTimes: 1, RetryAfterSeconds: 2), "once", Token)).Id);
        Assert.Equal(("mine", 1, 202, 0), (told.Name, told.FailTimes, told.Status, told.RetryAfterSeconds));
        Assert.Equal(503, (int)answer.StatusCode);
        var got = Assert.Single((await bins.ListRequestsAsync(made.Id, cancellationToken: Token)).Items);
        Assert.Equal(("POST", "hello", null, "header_missing", new BinAnswer(503, 0)), (got.Method, got.Body, got.Attempt, got.Signature, got.Answered));
        Assert.Equal("text/plain; charset=utf-8", got.Headers.GetProperty("Content-Type").GetString());
        Assert.Equal(0, (await bins.GetAsync(made.Id, Token)).FailTimes);
        Assert.Equal(made.Id, Assert.Single(await bins.AllAsync(Token).ToListAsync(Token)).Id);
        await bins.ClearAsync(made.Id, Token);
        Assert.Empty((await bins.ListRequestsAsync(made.Id, cancellationToken: Token)).Items);
        await bins.DeleteAsync(made.Id, Token);
        Assert.Equal(404, (await Assert.ThrowsAsync<DograhApiException>(() => bins.GetAsync(made.Id, Token))).Status);
    }

    [Fact]
    public async Task Workflows_are_saved_and_their_faults_told_by_field()
    {
        var workflows = (await NewOrganizationAsync()).Workflows;

        var created = await workflows.CreateAsync(Definition(Webhook()), cancellationToken: Token);
        var updated = await workflows.UpdateAsync(created.Id, Definition(Webhook("other")) with { Name = "renamed" }, Token);
        var refused = await Assert.ThrowsAsync<DograhApiException>(() => workflows.UpdateAsync(created.Id, Definition(Webhook("hook", ("http_method", "BREW"))), Token));

        Assert.Equal((1, 2, "renamed"), (created.Version, updated.Version, updated.Name));
        Assert.Empty(created.Warnings);
        Assert.Equal(2, (await workflows.GetAsync(created.Id, Token)).Version);
        Assert.Equal([created.Id], await workflows.AllAsync(Token).Select(workflow => workflow.Id).ToListAsync(Token));
        Assert.Equal((422, "Validation failed"), (refused.Status, refused.Title));
        Assert.Equal(["/workflow_definition/nodes/0/data/http_method"], refused.Errors.Keys);
        Assert.Matches("^[0-9a-f]{32}$", refused.TraceId);
        Assert.Contains(refused.Detail!, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_is_started_completed_and_read_and_a_completed_one_previewed_and_stored()
    {
        var acme = await NewOrganizationAsync();
        var workflow = await acme.Workflows.CreateAsync(Definition(Webhook()), cancellationToken: Token);

        var started = await acme.Runs.StartAsync(workflow.Id, new StartRunRequest("first", CampaignId: JsonElement.Parse("7"), InitialContext: NoContext), "run-1", Token);
        var outcome = await acme.Runs.CompleteAsync(started.Id, new CompletionRequest { GatheredContext = NoContext, RecordingUrl = "https://recordings.example/1" }, cancellationToken: Token);
        var again = await acme.Runs.CompleteAsync(started.Id, new CompletionRequest(), cancellationToken: Token);
        var run = await acme.Runs.GetAsync(started.Id, Token);
        var preview = await acme.Runs.PreviewAsync(workflow.Id, new RunRequest { InitialContext = NoContext }, Token);
        var stored = await acme.Runs.StoreCompletedAsync(workflow.Id, new RunRequest { Name = "second" }, cancellationToken: Token);

        Assert.Equal(("running", "completed", "created", "existing"), (started.Status, outcome.Status, outcome.Deliveries.Single().Outcome, again.Deliveries.Single().Outcome));
        Assert.Equal(("first", "https://recordings.example/1", 7), (run.Name, run.RecordingUrl, run.CampaignId!.Value.GetInt32()));
        Assert.Equal("Ana", run.GatheredContext!.Value.GetProperty("customer").GetString());
        Assert.Equal(outcome.Deliveries.Single().DeliveryId, run.Deliveries.Single().Id);
        Assert.Equal(("would_send", Url, "POST"), (preview.Requests.Single().Outcome, preview.Requests.Single().Url, preview.Requests.Single().Method));
        Assert.NotEqual(started.Id, stored.Id);
    }

    [Fact]
    public async Task A_draft_is_validated_previewed_and_tested_and_saved_upon_the_version_that_was_looked_at()
    {
        await using var receiver = await Support.Receiver.StartAsync();
        var acme = await NewOrganizationAsync();
        var draft = Definition(Webhook("hook", ("endpoint_url", receiver.Url.AbsoluteUri), ("payload_template", "{{initial_context.customer}} {{extra.none}}")));
        var call = new RehearsalRequest { WorkflowDefinition = draft.WorkflowDefinition, InitialContext = NoContext };

        var validation = await acme.Workflows.ValidateAsync(Definition(Webhook("")), Token);
        var preview = await acme.Workflows.PreviewAsync(null, call, Token);
        var workflow = await acme.Workflows.CreateAsync(draft, cancellationToken: Token);
        var run = await acme.Runs.StoreCompletedAsync(workflow.Id, new RunRequest { Name = "a run", InitialContext = NoContext }, cancellationToken: Token);
        var tested = await acme.Workflows.TestAsync(workflow.Id, new WorkflowTestRequest { WebhookNodeId = "hook", WorkflowRunId = run.Id }, Token);
        var conflict = await Assert.ThrowsAsync<DograhApiException>(() => acme.Workflows.UpdateAsync(workflow.Id, draft, onVersion: 7, Token));
        var updated = await acme.Workflows.UpdateAsync(workflow.Id, draft, onVersion: 1, Token);

        Assert.False(validation.IsValid);
        Assert.Equal(["/workflow_definition/nodes/0/id"], validation.Errors.Keys);
        Assert.Equal("\"Ana \"", preview.Requests.Single().Body);
        Assert.Equal(["extra.none"], preview.Requests.Single().MissingVariables);
        Assert.Equal((200, "\"Ana \""), (tested.Answer!.StatusCode, tested.Request.Body));
        Assert.Equal(("workflow.test", "\"Ana \""), (receiver.Requests.Single().Header("X-Dograh-Test"), receiver.Requests.Single().Text));
        Assert.Equal((412, 2), (conflict.Status, updated.Version));
        Assert.Equal([(run.Id, "a run")], (await acme.Runs.ListAsync(workflow.Id, cancellationToken: Token)).Items.Select(item => (item.Id, item.Name)));
        Assert.Contains(new ContextVariable("initial_context.customer", "string", "Ana"), (await acme.Workflows.GetVariablesAsync(workflow.Id, Token)).Variables);
        Assert.DoesNotContain((await acme.Workflows.GetVariablesAsync(cancellationToken: Token)).Variables, variable => variable.Name == "initial_context.customer");
    }

    [Fact]
    public async Task A_batch_stores_what_is_good_and_tells_what_is_wrong_with_the_rest()
    {
        var acme = await NewOrganizationAsync();
        var workflow = await acme.Workflows.CreateAsync(Definition(Webhook()), cancellationToken: Token);

        var batch = await acme.Runs.StoreCompletedAsync(
            workflow.Id, [new RunRequest { IdempotencyKey = "a" }, new RunRequest { InitialContext = JsonElement.Parse("[]") }, new RunRequest { IdempotencyKey = "a" }], cancellationToken: Token);

        Assert.Equal([202, 422, 200], batch.Items.Select(item => item.Status));
        Assert.Equal(batch.Items[0].Outcome!.Id, batch.Items[2].Outcome!.Id);
        Assert.Equal(["initial_context"], batch.Items[1].Problem!.Errors!.Keys);
    }

    [Fact]
    public async Task Deliveries_are_listed_filtered_and_paged_and_one_is_cancelled_replayed_and_read()
    {
        var acme = await NewOrganizationAsync();
        var workflow = await acme.Workflows.CreateAsync(Definition(Webhook("a"), Webhook("b", ("endpoint_url", "https://other.example/x"))), cancellationToken: Token);
        for (var i = 0; i < 3; i++) await acme.Runs.StoreCompletedAsync(workflow.Id, new RunRequest { InitialContext = NoContext }, cancellationToken: Token);

        var first = await acme.Deliveries.ListAsync(limit: 4, cancellationToken: Token);
        var rest = await acme.Deliveries.ListAsync(limit: 4, cursor: first.NextCursor, cancellationToken: Token);
        var all = await acme.Deliveries.AllAsync(cancellationToken: Token).ToListAsync(Token);
        var others = await acme.Deliveries.AllAsync(
            new DeliveryFilter
            {
                Status = "pending", WorkflowId = workflow.Id, WebhookNodeId = "b", EndpointHost = "other.example",
                CreatedAfter = all[^1].CreatedAt, CreatedBefore = all[0].CreatedAt.AddSeconds(1),
            },
            Token).ToListAsync(Token);

        Assert.Equal((4, 2), (first.Items.Count, rest.Items.Count));
        Assert.Null(rest.NextCursor);
        Assert.Equal(first.Items.Concat(rest.Items).Select(x => x.Id), all.Select(x => x.Id));
        Assert.Equal(all.Where(x => x.WebhookNodeId == "b").Select(x => x.Id), others.Select(x => x.Id));

        var id = all[0].Id;
        Assert.Equal("cancelled", (await acme.Deliveries.CancelAsync(id, cancellationToken: Token)).Status);
        Assert.Equal(409, (await Assert.ThrowsAsync<DograhApiException>(() => acme.Deliveries.CancelAsync(id, cancellationToken: Token))).Status);
        Assert.Equal("pending", (await acme.Deliveries.ReplayAsync(id, cancellationToken: Token)).Status);
        var detail = await acme.Deliveries.GetAsync(id, Token);
        Assert.Equal(JsonValueKind.Object, detail.Payload!.Value.ValueKind);
        Assert.Empty(detail.Attempts);
    }

    [Fact]
    public async Task All_that_match_are_replayed_and_a_filter_without_a_state_is_refused()
    {
        var acme = await NewOrganizationAsync();
        var workflow = await acme.Workflows.CreateAsync(Definition(Webhook("a"), Webhook("b")), cancellationToken: Token);
        var run = await acme.Runs.StoreCompletedAsync(workflow.Id, new RunRequest(), cancellationToken: Token);
        foreach (var node in run.Deliveries) await acme.Deliveries.CancelAsync(node.DeliveryId!.Value, cancellationToken: Token);

        var replayed = await acme.Deliveries.ReplayAllAsync(new DeliveryFilter { Status = "cancelled", WorkflowRunId = run.Id }, "once", Token);

        Assert.Equal(new BulkReplay(2, 2), replayed);
        Assert.Equal(["status"], (await Assert.ThrowsAsync<DograhApiException>(() => acme.Deliveries.ReplayAllAsync(new DeliveryFilter(), cancellationToken: Token))).Errors.Keys);
    }

    [Fact]
    public async Task What_is_done_to_many_is_counted_ahead_done_in_parts_exported_and_shown_before_it_is_sent()
    {
        var acme = await NewOrganizationAsync();
        var workflow = await acme.Workflows.CreateAsync(Definition(Webhook("a"), Webhook("b"), Webhook("c")), cancellationToken: Token);
        var run = await acme.Runs.StoreCompletedAsync(workflow.Id, new RunRequest(), cancellationToken: Token);
        var pending = new DeliveryFilter { Status = "pending", WorkflowRunId = run.Id };
        var ids = run.Deliveries.Select(node => node.DeliveryId!.Value).ToList();

        Assert.Equal(new DeliveryCount(3, IsExact: true), await acme.Deliveries.CountAsync(pending, Token));
        var request = await acme.Deliveries.GetRequestAsync(ids[0], Token);
        Assert.Equal(("would_send", 1, "***"), (request.Outcome, request.AttemptNumber, request.Headers!["webhook-signature"]));
        using (var export = await acme.Deliveries.ExportAsync("ndjson", pending, Token))
        using (var reader = new StreamReader(export.Content))
        {
            Assert.Equal(3, export.Count);
            Assert.Equal(3, (await reader.ReadToEndAsync(Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }

        Assert.Equal(["format"], (await Assert.ThrowsAsync<DograhApiException>(() => acme.Deliveries.ExportAsync("xml", cancellationToken: Token))).Errors.Keys);
        var first = await acme.Deliveries.CancelPartAsync(pending, 2, cancellationToken: Token);
        var rest = await acme.Deliveries.CancelPartAsync(pending, 2, first.NextCursor, Token);
        Assert.Equal((2, 1, null), (first.Cancelled, rest.Cancelled, rest.NextCursor));
        var replayed = await acme.Deliveries.ReplayPartAsync(new DeliveryFilter { Status = "cancelled", DeliveryIds = [ids[0], Guid.Empty] }, 10, cancellationToken: Token);
        Assert.Equal(new BulkReplay(1, 1), replayed);
        Assert.Equal(new BulkCancel(1, 1), await acme.Deliveries.CancelAllAsync(pending, cancellationToken: Token));
        Assert.Empty((await acme.Deliveries.GroupDeadLettersAsync(Token)).Items);
    }

    [Fact]
    public async Task Signing_secrets_are_listed_revealed_added_rotated_and_expired()
    {
        var signing = (await NewOrganizationAsync()).Signing;

        var first = (await signing.ListAsync(cancellationToken: Token)).Items.Single();
        var added = await signing.AddAsync(new SigningSecretRequest("v1a"), cancellationToken: Token);
        var rotated = await signing.RotateAsync(new RotationRequest("v1", OverlapSeconds: 60), cancellationToken: Token);
        var expired = await signing.ExpireAsync(first.Id, new ExpiryRequest(30), cancellationToken: Token);

        Assert.StartsWith(first.Prefix.TrimEnd('…'), (await signing.RevealAsync(first.Id, Token)).Secret, StringComparison.Ordinal);
        Assert.Equal((await signing.RevealAsync(added.Id, Token)).Secret, (await signing.ListKeysAsync(cancellationToken: Token)).Items.Single().PublicKey);
        Assert.Equal("v1", rotated.Algorithm);
        Assert.NotNull(expired.ExpiresAt);
        Assert.Equal(3, await signing.AllAsync(Token).CountAsync(Token));
    }

    [Fact]
    public async Task Figures_and_the_audit_log_are_read()
    {
        var acme = await NewOrganizationAsync();
        var workflow = await acme.Workflows.CreateAsync(Definition(Webhook()), cancellationToken: Token);
        await acme.Runs.StoreCompletedAsync(workflow.Id, new RunRequest(), cancellationToken: Token);

        var stats = await acme.Stats.GetAsync("5m", Token);
        var events = await acme.Audit.AllAsync(new AuditFilter(Action: "workflow.created", CreatedAfter: workflow.CreatedAt.AddMinutes(-1)), Token).ToListAsync(Token);

        Assert.Equal(("5m", 1, 0), (stats.Window, stats.Deliveries.Pending, stats.Attempts));
        Assert.Null(stats.SuccessRate);
        var timeline = await acme.Stats.GetTimelineAsync("5m", Token);
        Assert.Equal(("5m", 5, 1, 1), (timeline.Window, timeline.BucketSeconds, timeline.Backlog.Pending, timeline.Buckets.Sum(bucket => bucket.Deliveries.Pending)));
        Assert.Equal($"{workflow.Id}", events.Single().ResourceId);
        Assert.NotNull(events.Single().Actor.KeyId);
    }

    [Fact]
    public async Task The_servers_root_may_be_below_a_path_and_without_a_slash_at_its_end()
    {
        await using var receiver = await Support.Receiver.StartAsync();
        receiver.Answers(Support.Reply.Status(204));
        using var http = new HttpClient { BaseAddress = new Uri(receiver.Url, "/dograh") };

        await new DograhClient(http, "a key", organizationId: 7).ApiKeys.DeleteAsync(Guid.Empty, Token);

        var request = receiver.Requests.Single();
        Assert.Equal(
            ("/dograh/api/v1/api-keys/00000000-0000-0000-0000-000000000000", "Bearer a key", "7"),
            (request.Path, request.Header("Authorization"), request.Header("X-Dograh-Organization")));
    }

    private static WorkflowRequest Definition(params System.Text.Json.Nodes.JsonNode[] nodes)
    {
        var workflow = JsonElement.Parse(Workflow(nodes).ToJsonString());
        return new WorkflowRequest("After the call", workflow.GetProperty("workflow_definition"));
    }

    private async Task<DograhClient> NewOrganizationAsync() => Client((await Api.NewOrganizationAsync()).Key);

    private DograhClient Client(string key) => new(Http(), key);

    private DograhClient Anonymous() => new(Http());

    private HttpClient Http() => new() { BaseAddress = Api.Address };
}
