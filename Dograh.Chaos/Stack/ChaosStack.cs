using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dograh.Chaos.Accounts;
using Dograh.Standalone;
using Npgsql;

namespace Dograh.Chaos.Stack;

/// <summary>Everything that faults happen to: a durable PostgreSQL, a redis-server, the APIs and the workers.</summary>
internal sealed class ChaosStack : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);

    private readonly string _folder;
    private readonly string _adminKey = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly List<Node> _apis = [];
    private readonly List<Node> _workers = [];

    private ChaosStack(string folder) => _folder = folder;

    public PostgresServer Postgres { get; private set; } = null!;

    public RedisServer Redis { get; private set; } = null!;

    public IReadOnlyList<Node> Apis => _apis;

    public IReadOnlyList<Node> Workers => _workers;

    public IEnumerable<Node> Nodes => _apis.Concat(_workers);

    /// <summary>The APIs' addresses, on lines that can be cut.</summary>
    public IReadOnlyList<Uri> ApiUrls => [.. _apis.Select(api => new Uri($"http://127.0.0.1:{api.ToItself!.Port}"))];

    /// <summary>Starts everything, and waits until all of it works.</summary>
    public static async Task<ChaosStack> StartAsync(string folder, CancellationToken stop)
    {
        var stack = new ChaosStack(folder);
        try
        {
            await stack.StartAsync(stop);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    /// <summary>An organization with a workflow for each receiver.</summary>
    /// <returns>Its key, and the workflows' ids.</returns>
    public async Task<(string Key, IReadOnlyList<long> Workflows)> AddOrganizationAsync(IReadOnlyList<Uri> receivers, CancellationToken stop)
    {
        var organization = await PostAsync("organizations", _adminKey, new { name = "Acme" }, stop);
        var key = organization.GetProperty("api_key").GetString()!;
        var workflows = new List<long>();
        foreach (var receiver in receivers)
        {
            var data = new { name = "Report", endpoint_url = receiver.OriginalString, payload_template = new { reference = "{{initial_context.reference}}" } };
            var workflow = await PostAsync("workflows", key, new
            {
                name = receiver.AbsolutePath, workflow_definition = new { edges = Array.Empty<object>(), nodes = new[] { new { id = "crm", type = "webhook", data } } },
            }, stop);
            workflows.Add(workflow.GetProperty("id").GetInt64());
        }

        return (key, workflows);
    }

    /// <summary>Runs a statement as nobody's client: by a connection of its own, past every proxy and every setting of the moment.</summary>
    public async Task<T> AskAsync<T>(Func<NpgsqlConnection, Task<T>> ask)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Postgres.ConnectionString)
        {
            Pooling = false, Timeout = 3, CommandTimeout = 60,
            Options = "-c default_transaction_read_only=off -c default_transaction_isolation=read\\ committed -c statement_timeout=0 -c lock_timeout=0",
        }.ConnectionString);
        await connection.OpenAsync(CancellationToken.None);
        return await ask(connection);
    }

    /// <summary>Runs a statement.</summary>
    public Task ExecuteAsync(string sql) => AskAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(CancellationToken.None);
    });

    /// <summary>Reads a column.</summary>
    public Task<List<T>> ReadAsync<T>(string sql) => AskAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var values = new List<T>();
        while (await reader.ReadAsync(CancellationToken.None)) values.Add(await reader.GetFieldValueAsync<T>(0));
        return values;
    });

    /// <summary>How many deliveries a worker has claimed and not recorded, or all workers have; null if PostgreSQL cannot tell just now.</summary>
    public async Task<int?> CountLeasedAsync(Node? worker)
    {
        var whose = worker is null ? "IS NOT NULL" : string.Create(CultureInfo.InvariantCulture, $"LIKE '%-{worker.ProcessId}-%'");
        try
        {
            return (int)(await ReadAsync<long>($"SELECT count(*) FROM webhook_deliveries WHERE status = 'pending' AND leased_by {whose}"))[0];
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Every delivery that there is.</summary>
    public Task<List<StoredDelivery>> ReadDeliveriesAsync() => AskAsync(async connection =>
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT d.delivery_uuid, d.status::text, d.payload::json ->> 'reference', d.attempt_count, d.max_attempts, d.last_error,
                   ARRAY(SELECT a.number FROM webhook_delivery_attempts a WHERE a.organization_id = d.organization_id AND a.delivery_id = d.id ORDER BY a.number)
            FROM webhook_deliveries d
            """, connection);
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var deliveries = new List<StoredDelivery>();
        while (await reader.ReadAsync(CancellationToken.None))
        {
            deliveries.Add(new StoredDelivery(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3), reader.GetInt32(4),
                await reader.GetFieldValueAsync<int[]>(6), await reader.IsDBNullAsync(5) ? null : reader.GetString(5)));
        }

        return deliveries;
    });

    /// <summary>Says something to Redis, past every proxy.</summary>
    public async Task TellRedisAsync(params IEnumerable<string> commands)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Redis.Port, CancellationToken.None);
        var stream = client.GetStream();
        foreach (var command in commands)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), CancellationToken.None);
            _ = await stream.ReadAsync(new byte[512], CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var node in Nodes) await node.DisposeAsync();
        if (Redis is not null) await Redis.DisposeAsync();
        if (Postgres is null) return;
        await Postgres.DisposeAsync();
        // Elsewhere than in our folder where PostgreSQL's user cannot enter that.
        if (Directory.Exists(Postgres.ClusterDirectory)) Directory.Delete(Postgres.ClusterDirectory, recursive: true);
    }

    private async Task StartAsync(CancellationToken stop)
    {
        var settings = new Dictionary<string, string> { ["deadlock_timeout"] = "100ms" };
        Postgres = await PostgresServer.StartAsync(Path.Combine(_folder, "postgres"), new PostgresServerOptions { Settings = settings }, cancellationToken: stop);
        Redis = await RedisServer.StartAsync(Path.Combine(_folder, "redis"), cancellationToken: stop);
        var environment = new Dictionary<string, string?>(ChaosLimits.Environment)
        {
            ["SECRETS_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["ADMIN_API_KEY"] = _adminKey,
            ["DATABASE_MIGRATE_ON_STARTUP"] = "true",
        };
        for (var n = 1; n <= ChaosLimits.Apis; n++)
        {
            _apis.Add(await Node.StartAsync($"API {n}", StackLayout.ApiAssembly, Postgres, Redis, environment, _folder, FreePort.Next()));
        }

        for (var n = 1; n <= ChaosLimits.Workers; n++)
        {
            _workers.Add(await Node.StartAsync($"worker {n}", StackLayout.WorkerAssembly, Postgres, Redis, environment, _folder, port: null));
        }

        foreach (var url in ApiUrls)
        {
            if (!await Poll.UntilAsync(token => IsHealthyAsync(url, token), StartLimit, stop)) throw new StandaloneException($"An API is not healthy after {StartLimit.TotalSeconds} s; see {_folder}.");
        }
    }

    private async Task<bool> IsHealthyAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.GetStringAsync(new Uri(url, "/health"), cancellationToken) == "Healthy";
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            return false; // not yet
        }
    }

    private async Task<JsonElement> PostAsync(string path, string key, object body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(ApiUrls[0], $"/api/v1/{path}")) { Content = JsonContent.Create(body), Headers = { { "X-API-Key", key } } };
        using var answer = await _http.SendAsync(request, stop);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>(stop);
    }
}
