using System.Text.Json;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Signing;
using Npgsql;

namespace Dograh.Tests.Support;

/// <summary>Rows for a test to start from, written straight into the database, each with honest defaults.</summary>
/// <remarks>
/// <code>
/// var key = await Database.AddAsync(ADelivery().To(receiver.Url).WithAttempts(3).Due());
/// var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
/// </code>
/// Times are given against the database's clock: <c>Due()</c>, <c>DueIn(…)</c>, <c>CreatedAgo(…)</c>.
/// </remarks>
internal static class Given
{
    /// <summary>A pending delivery, due, never attempted, with a small payload, to a receiver that nobody expects to be asked.</summary>
    public static DeliveryBuilder ADelivery() => new();

    /// <summary>A delivery as a worker holds it that has claimed it for a first attempt, without a row behind it.</summary>
    public static ClaimedDelivery AClaim(Uri? url = null) => new()
    {
        Key = new DeliveryKey(1, 1),
        Token = 1,
        DeliveryUuid = Guid.CreateVersion7(),
        WorkflowRunId = 42,
        WorkflowId = 7,
        WebhookNodeId = "hook",
        EndpointUrl = (url ?? new Uri("https://receiver.test/hook")).OriginalString,
        HttpMethod = "POST",
        Payload = """{"call_disposition":"done"}"""u8.ToArray(),
        CustomHeaders = "[]",
        CredentialUuid = null,
        AttemptCount = 0,
        MaxAttempts = 5,
        BaseDelaySeconds = 30,
        MaxDelaySeconds = 600,
        Timeout = TimeSpan.FromSeconds(30),
        LeaseUntil = DateTimeOffset.MaxValue,
        TraceParent = null,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>Adds an organization.</summary>
    public static Task<long> AddOrganizationAsync(this TestDatabase database, string name = "Acme") =>
        database.ScalarAsync<long>("INSERT INTO organizations (name) VALUES ($1) RETURNING id", name);

    /// <summary>Adds a workflow with one version.</summary>
    public static Task<long> AddWorkflowAsync(this TestDatabase database, long organizationId, string definition = """{"nodes":[],"edges":[]}""") =>
        database.ScalarAsync<long>(
            """
            WITH workflow AS (INSERT INTO workflows (organization_id, name, version) VALUES ($1, 'After the call', 1) RETURNING organization_id, id),
                 definition AS (INSERT INTO workflow_definitions (organization_id, workflow_id, version, definition)
                                SELECT organization_id, id, 1, $2::json FROM workflow)
            SELECT id FROM workflow
            """,
            organizationId, definition);

    /// <summary>Adds a completed run, of a workflow of its own unless one is given.</summary>
    public static async Task<ARun> AddRunAsync(this TestDatabase database, long organizationId, long? workflowId = null)
    {
        var workflow = workflowId ?? await database.AddWorkflowAsync(organizationId);
        var run = await database.ScalarAsync<long>(
            """
            INSERT INTO workflow_runs (organization_id, workflow_id, version, name, status, completed_at)
            VALUES ($1, $2, 1, 'A call', 'completed', now()) RETURNING id
            """,
            organizationId, workflow);
        return new ARun(organizationId, workflow, run);
    }

    /// <summary>Adds an active credential with what is encrypted of it.</summary>
    public static Task AddCredentialAsync(
        this TestDatabase database, long organizationId, Guid uuid, string credentialType, byte[] encryptedData, bool isActive = true) =>
        database.ExecuteAsync(
            """
            INSERT INTO external_credentials (organization_id, uuid, name, credential_type, encrypted_data, is_active)
            VALUES ($1, $2, 'A credential', $3, $4, $5)
            """,
            organizationId, uuid, credentialType, encryptedData, isActive);

    /// <summary>Adds an active credential that the stack can open.</summary>
    public static Task AddCredentialAsync(
        this TestDatabase database, TestWorker process, long organizationId, Guid uuid, string credentialType, string data) =>
        database.AddCredentialAsync(organizationId, uuid, credentialType, process.Get<CredentialProtector>().Protect(credentialType, organizationId, uuid, data));

    /// <summary>Adds a signing secret with <c>v1</c>, its times as PostgreSQL writes them.</summary>
    /// <returns>Its text.</returns>
    public static async Task<string> AddSigningSecretAsync(
        this TestDatabase database, TestWorker process, long organizationId, SigningScope scope, string createdAt = "now()", string expiresAt = "NULL")
    {
        await using var context = database.NewContext();
        var store = process.Get<SigningSecretStore>();
        var secret = store.Add(context, organizationId, scope, SigningAlgorithm.V1);
        await context.SaveChangesAsync(TestContext.Current.CancellationToken);
        await database.ExecuteAsync($"UPDATE signing_secrets SET created_at = {createdAt}, expires_at = {expiresAt} WHERE id = $1", secret.Id);
        return store.Open(secret);
    }

    /// <summary>Adds a delivery, of a run and an organization of its own unless it was told of one.</summary>
    public static async Task<DeliveryKey> AddAsync(this TestDatabase database, DeliveryBuilder delivery)
    {
        var run = delivery.Run ?? await database.AddRunAsync(await database.AddOrganizationAsync());
        return await delivery.InsertAsync(database, run);
    }

    /// <summary>Lists the deliveries that a test has written by itself, or has given another time of creation.</summary>
    public static Task<int> ListDeliveriesAsync(this TestDatabase database) => database.ExecuteAsync(
        """
        INSERT INTO webhook_delivery_listings (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
        SELECT organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host FROM webhook_deliveries
        ON CONFLICT (organization_id, id) DO UPDATE SET created_at = EXCLUDED.created_at;
        UPDATE webhook_deliveries SET is_listed = true WHERE NOT is_listed
        """);

    /// <summary>Adds thousands of deliveries of one run to <c>crm.example</c>, numbered from 1 in the order of their creation.</summary>
    /// <param name="database">Where.</param>
    /// <param name="run">Of what run.</param>
    /// <param name="count">How many.</param>
    /// <param name="statusCode">The last answer of the n-th, as an SQL expression over <c>n</c>.</param>
    /// <param name="status">The state of all of them.</param>
    /// <param name="error">The last error of the n-th, as an SQL expression over <c>n</c>.</param>
    public static async Task AddManyAsync(this TestDatabase database, ARun run, int count, string statusCode, string status = "pending", string error = "NULL")
    {
        await database.ExecuteAsync(
            $"""
            INSERT INTO webhook_deliveries
                   (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host, http_method, payload, custom_headers,
                    status, max_attempts, attempts_per_replay, base_delay_seconds, max_delay_seconds, timeout_seconds, created_at, scheduled_for, last_status_code, last_error)
            SELECT $1, gen_random_uuid(), $2, $3, 'node-' || n, 'A webhook', 'https://crm.example/', 'crm.example', 'POST', '[]', '[]',
                   '{status}', 5, 5, 30, 600, 30, now() - ($4 - n) * interval '1 millisecond', now() + interval '1 hour', {statusCode}, {error}
            FROM generate_series(1, $4) AS n
            """,
            run.OrganizationId, run.Id, run.WorkflowId, count);
        // Before them too: the listings' foreign key would be checked by a plan for the few rows that an earlier test has left, each time from the first row on.
        await database.ExecuteAsync("ANALYZE webhook_deliveries");
        await database.ListDeliveriesAsync();
        await database.ExecuteAsync("ANALYZE webhook_deliveries, webhook_delivery_listings");
    }

    /// <summary>Adds so many deliveries of one run, alike but for their nodes.</summary>
    public static async Task<IReadOnlyList<DeliveryKey>> AddAsync(this TestDatabase database, int count, DeliveryBuilder delivery)
    {
        var run = delivery.Run ?? await database.AddRunAsync(await database.AddOrganizationAsync());
        var keys = new List<DeliveryKey>(count);
        for (var i = 0; i < count; i++) keys.Add(await delivery.InsertAsync(database, run));
        return keys;
    }
}

/// <summary>A run, and what it belongs to.</summary>
internal sealed record ARun(long OrganizationId, long WorkflowId, long Id);

/// <summary>A delivery to be. Every step gives a new builder, so that one can be the start of several.</summary>
internal sealed record DeliveryBuilder
{
    private Uri _url = new("http://receiver.test/hook");
    private string _method = "POST";
    private string _payload = """{"call_disposition":"done"}""";
    private (string Name, string Value)[] _headers = [];
    private string? _node;
    private Guid? _credential;
    private DeliveryStatus _status = DeliveryStatus.Pending;
    private int _attemptCount;
    private int _maxAttempts = 5;
    private (double Base, double Max) _backoff = (0.05, 1);
    private double _timeoutSeconds = 10;
    private TimeSpan _dueIn = TimeSpan.FromSeconds(-1);
    private TimeSpan _createdAgo = TimeSpan.FromMinutes(1);
    private TimeSpan? _replayedAgo;
    private TimeSpan _endedAgo;
    private string? _leasedBy;
    private int _lostClaims;
    private long _claimCount;
    private string? _traceParent;
    private int? _lastStatusCode;
    private string? _lastError;

    internal ARun? Run { get; private init; }

    /// <summary>Of this run, and of its organization.</summary>
    public DeliveryBuilder Of(ARun run) => this with { Run = run };

    /// <summary>From this node; else from one of its own.</summary>
    public DeliveryBuilder FromNode(string node) => this with { _node = node };

    /// <summary>To this URL.</summary>
    public DeliveryBuilder To(Uri url) => this with { _url = url };

    /// <summary>With this method.</summary>
    public DeliveryBuilder By(string method) => this with { _method = method };

    /// <summary>With this exact body.</summary>
    public DeliveryBuilder WithPayload(string payload) => this with { _payload = payload };

    /// <summary>With custom headers.</summary>
    public DeliveryBuilder WithHeaders(params (string Name, string Value)[] headers) => this with { _headers = headers };

    /// <summary>With a credential to resolve.</summary>
    public DeliveryBuilder WithCredential(Guid uuid) => this with { _credential = uuid };

    /// <summary>In this state.</summary>
    public DeliveryBuilder In(DeliveryStatus status) => this with { _status = status };

    /// <summary>With so many failed attempts behind it.</summary>
    public DeliveryBuilder WithAttempts(int count) => this with { _attemptCount = count };

    /// <summary>With so many attempts allowed.</summary>
    public DeliveryBuilder AtMost(int maxAttempts) => this with { _maxAttempts = maxAttempts };

    /// <summary>With this backoff, in seconds.</summary>
    public DeliveryBuilder WithBackoff(double baseSeconds, double maxSeconds) => this with { _backoff = (baseSeconds, maxSeconds) };

    /// <summary>With this deadline for an attempt.</summary>
    public DeliveryBuilder WithTimeout(double seconds) => this with { _timeoutSeconds = seconds };

    /// <summary>Due a second ago.</summary>
    public DeliveryBuilder Due() => DueIn(TimeSpan.FromSeconds(-1));

    /// <summary>Due so long from now.</summary>
    public DeliveryBuilder DueIn(TimeSpan wait) => this with { _dueIn = wait };

    /// <summary>Created so long ago.</summary>
    public DeliveryBuilder CreatedAgo(TimeSpan age) => this with { _createdAgo = age };

    /// <summary>Replayed so long ago.</summary>
    public DeliveryBuilder ReplayedAgo(TimeSpan age) => this with { _replayedAgo = age };

    /// <summary>Created a day before it ended, so long ago.</summary>
    public DeliveryBuilder EndedAgo(TimeSpan age) => this with { _endedAgo = age, _createdAgo = age + TimeSpan.FromDays(1) };

    /// <summary>Still marked by a worker whose claim ended without a word, after so many lost before.</summary>
    public DeliveryBuilder LeftBy(string worker, int lostClaims = 0) =>
        this with { _leasedBy = worker, _lostClaims = lostClaims, _claimCount = lostClaims + 1 };

    /// <summary>With the trace context of the request that completed the run.</summary>
    public DeliveryBuilder WithTraceParent(string traceParent) => this with { _traceParent = traceParent };

    /// <summary>Last stopped by this.</summary>
    public DeliveryBuilder FailedWith(int? statusCode, string error) => this with { _lastStatusCode = statusCode, _lastError = error };

    internal async Task<DeliveryKey> InsertAsync(TestDatabase database, ARun run)
    {
        var uuid = Guid.CreateVersion7();
        var headers = JsonSerializer.Serialize(_headers.Select(header => new { key = header.Name, value = header.Value }));
        var id = await database.ScalarAsync<long>(
            """
            WITH created AS (
            INSERT INTO webhook_deliveries
                   (organization_id, delivery_uuid, workflow_run_id, workflow_id, webhook_node_id, webhook_name, endpoint_url, endpoint_host,
                    http_method, payload, custom_headers, credential_uuid, status, attempt_count, max_attempts, attempts_per_replay,
                    base_delay_seconds, max_delay_seconds, timeout_seconds, claim_count, lost_claims, leased_by, trace_parent,
                    scheduled_for, created_at, replayed_at, updated_at, delivered_at, is_listed, last_status_code, last_error)
            VALUES ($1, $2, $3, $4, $5, 'A webhook', $6, $7, $8, $9, $10::json, $11, $12, $13, $14, $14, $15, $16, $17, $18, $19, $20, $21,
                    now() + $22, now() - $23, now() - $24, now() - $25, CASE WHEN $12 = 'succeeded' THEN now() - $25 END, true, $26, $27)
            RETURNING *),
            listed AS (
                INSERT INTO webhook_delivery_listings (organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host)
                SELECT organization_id, id, created_at, workflow_id, webhook_node_id, endpoint_host FROM created)
            SELECT id FROM created
            """,
            run.OrganizationId, uuid, run.Id, run.WorkflowId, _node ?? $"node-{uuid:N}", _url.OriginalString, _url.Host.ToLowerInvariant(), _method, _payload,
            headers, Nullable(_credential), _status, _attemptCount, _maxAttempts, _backoff.Base, _backoff.Max, _timeoutSeconds, _claimCount, _lostClaims,
            Nullable(_leasedBy), Nullable(_traceParent), _dueIn, _createdAgo, Nullable(_replayedAgo), _endedAgo,
            Nullable(_lastStatusCode), Nullable(_lastError));
        if (_attemptCount > 0)
        {
            await database.ExecuteAsync(
                """
                INSERT INTO webhook_delivery_attempts (organization_id, delivery_id, number, started_at, duration_ms, status_code, error, worker)
                SELECT $1, $2, n, now() - interval '1 hour' + n * interval '1 minute', 12.5, 503, 'HTTP 503: ', 'worker-of-old' FROM generate_series(1, $3) n
                """,
                run.OrganizationId, id, _attemptCount);
        }

        return new DeliveryKey(run.OrganizationId, id);
    }

    // A null without a type would leave PostgreSQL to guess one.
    private static NpgsqlParameter Nullable<T>(T? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = TypeOf(typeof(T)) };

    private static NpgsqlTypes.NpgsqlDbType TypeOf(Type type) =>
        type == typeof(Guid?) ? NpgsqlTypes.NpgsqlDbType.Uuid
        : type == typeof(TimeSpan?) ? NpgsqlTypes.NpgsqlDbType.Interval
        : type == typeof(int?) ? NpgsqlTypes.NpgsqlDbType.Integer
        : NpgsqlTypes.NpgsqlDbType.Text;
}
