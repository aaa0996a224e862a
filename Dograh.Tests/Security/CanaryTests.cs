using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dograh.Standalone;
using Dograh.Tests.Api;
using Dograh.Tests.Credentials;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.Tests.Telemetry;
using Npgsql;
using StackExchange.Redis;

namespace Dograh.Tests.Security;

/// <summary>
/// A secret is planted wherever one can enter, everything is logged that can be, things go well and wrong; and then each is searched for in the database, Redis,
/// what the processes wrote and exported, what the API answered and how the processes were called (I9).
/// </summary>
[Collection<ObservedStackUsers>]
public sealed partial class CanaryTests(ObservedStack observed)
{
    // More attempts than this test's receivers fail, a pause that is not worth waiting for, and one that is not over before the search is.
    private static readonly object Retries = new { max_attempts = 3, base_delay_seconds = 0.05 };
    private static readonly object RetriesLater = new { max_attempts = 3, base_delay_seconds = 3600, max_delay_seconds = 3600 };

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(30) };

    private readonly List<Canary> _planted = [];
    private readonly StringBuilder _answers = new();
    private string _accessToken = "";
    private int _asked;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_planted_secret_comes_out_anywhere_that_it_may_not()
    {
        // What the processes themselves were given.
        Plant("the operator's key", RunningStack.AdminKey);
        Plant("the master key", TestWorker.MasterKey);
        Plant("the database's password", new NpgsqlConnectionStringBuilder(observed.Database.ConnectionString).Password!);

        using var acme = await observed.Stack.AddOrganizationAsync();
        Plant("the organization's key", acme.Key);
        var signing = Assert.Single((await acme.GetAsync("signing-secrets")).GetProperty("items").EnumerateArray()).GetProperty("id").GetGuid();
        var secret = Plant("the signing secret", (await acme.GetAsync($"signing-secrets/{signing}/secret")).GetProperty("secret").GetString()!["whsec_".Length..]);
        Plant("the signing secret's bytes", Convert.ToHexStringLower(Convert.FromBase64String(secret)));
        await using var receiver = await Receiver.StartAsync();
        var url = receiver.At($"/{Plant("the path of a URL", Places.Database | Places.Answers)}?key={Plant("the query of a URL", Places.Database | Places.Answers)}");
        var unreachable = new UriBuilder(url) { Port = FreePort.Next() }.Uri;
        var withoutTls = new UriBuilder(url) { Scheme = Uri.UriSchemeHttps }.Uri;

        // Everything that a receiver gets it says again, as it refuses and as it accepts.
        receiver.Answers(request => request.Path == "/token" ? GiveToken(request) : Echo(request));
        var credentials = await AddCredentialsAsync(acme, receiver);
        var deliveries = new List<Guid>();
        foreach (var credential in credentials)
        {
            var workflow = await AddWorkflowAsync(acme, url, credential, Retries);
            deliveries.Add(await CompleteAsync(acme, workflow));
            await PostAsync(acme.Key, $"workflows/{workflow}/preview", Completion());
            await EndsAsync(acme, deliveries[^1]);
            // The token endpoint refuses before it gives a token, and says again what it was told; so does the receiver of a test.
            await PostAsync(acme.Key, $"credentials/{credential}/test", new { url = url.OriginalString });
            await PostAsync(acme.Key, $"workflows/{workflow}/test", new { webhook_node_id = "crm", gathered_context = new { said = "x" } });
        }

        await SendWithCertificateAsync(acme, withoutTls);

        // A receiver of our own stores what it got, and must not store what it was sent in confidence.
        var bin = await PostAsync(acme.Key, "bins", new { name = "ours" });
        var binUrl = new Uri(bin.GetProperty("url").GetString()!);
        foreach (var credential in credentials)
        {
            deliveries.Add(await CompleteAsync(acme, await AddWorkflowAsync(acme, binUrl, credential, Retries)));
            await EndsAsync(acme, deliveries[^1]);
            await PostAsync(acme.Key, $"credentials/{credential}/test", new { url = binUrl.OriginalString });
        }

        // And what anybody else sends to it.
        await SendAsync(HttpMethod.Post, Plant("a key that is sent to a bin"), binUrl.OriginalString, new { });

        // A receiver that nobody answers for, one that speaks no TLS, and a connection that PostgreSQL cuts.
        foreach (var faulty in new[] { unreachable, withoutTls })
        {
            deliveries.Add(await CompleteAsync(acme, await AddWorkflowAsync(acme, faulty, credentials[0], Retries)));
            await EndsAsync(acme, deliveries[^1]);
        }

        await observed.Database.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        await Eventually.TrueAsync(async () => (await observed.Stack.TryHealthAsync())?.Contains("Healthy", StringComparison.Ordinal) == true);

        // One that waits, so that Redis holds something; its secret is replaced while it does.
        var waiting = await CompleteAsync(acme, await AddWorkflowAsync(acme, unreachable, credentials[0], RetriesLater));
        await Eventually.TrueAsync(async () => (await acme.DeliveryAsync(waiting)).GetProperty("attempt_count").GetInt32() == 1);
        await UseAnotherKeyAsync(acme);
        await RefusedAsync(acme);
        await ReadEverythingAsync(acme, deliveries[0], bin.GetProperty("id").GetString()!);

        // The last word of each attempt has been exported.
        await Eventually.TrueAsync(() => deliveries.TrueForAll(id => observed.Otlp.Logs.Any(record => IsOf(id, record))));
        await Eventually.TrueAsync(() => deliveries.TrueForAll(id => observed.Otlp.Spans.Any(span => span.Name == "deliver_webhook" && span.Attributes.GetValueOrDefault("dograh.delivery.id") == id.ToString())));
        Assert.All(_planted.Where(canary => canary.Name.StartsWith("sent: ", StringComparison.Ordinal)), canary => Assert.True(Received(receiver, canary), $"{canary.Name} has not arrived"));

        var database = await observed.Database.DumpAsync();
        var redis = await DumpRedisAsync();
        var output = observed.Stack.Output;
        var processes = CommandLines();
        var answers = _answers.ToString();

        // All of them are what they should be: full.
        Assert.Contains(deliveries[0].ToString(), database, StringComparison.Ordinal);
        Assert.Contains("dograh:{deliveries", redis, StringComparison.Ordinal);
        Assert.All(["trce: Microsoft.AspNetCore", "dbug: Microsoft.EntityFrameworkCore", "dbug: Npgsql", "[REDACTED]"], evidence => Assert.Contains(evidence, output, StringComparison.Ordinal));
        Assert.True(observed.Otlp.Has("[REDACTED]"), "what the receiver answered is not exported");
        Assert.Contains("Dograh.Worker.dll", processes, StringComparison.Ordinal);
        Assert.All(_planted.Where(canary => canary.Allowed.HasFlag(Places.Database)), canary => Assert.True(canary.IsIn(database), $"{canary.Name} is not in the database: was it planted?"));

        var found = new List<string>();
        foreach (var canary in _planted)
        {
            if (!canary.Allowed.HasFlag(Places.Database) && canary.IsIn(database)) found.Add($"{canary.Name} is in the database");
            if (!canary.Allowed.HasFlag(Places.Answers) && canary.IsIn(answers)) found.Add($"{canary.Name} is in an answer of the API");
            if (canary.IsIn(redis)) found.Add($"{canary.Name} is in Redis");
            if (canary.IsIn(output)) found.Add($"{canary.Name} is in what the processes wrote");
            if (canary.IsIn(processes)) found.Add($"{canary.Name} is in the list of processes");
            if (canary.Shapes.Any(observed.Otlp.Has)) found.Add($"{canary.Name} is exported");
        }

        Assert.Empty(found);
    }

    // Also in base64 and hexadecimal, wherever it begins: what is looked for in vain must be findable.
    [Theory]
    [InlineData("")]
    [InlineData("u")]
    [InlineData("us")]
    [InlineData("user:")]
    public void A_canary_is_found_in_any_shape(string before)
    {
        var canary = new Canary("it", "canary-5bd1~?>é");
        var bytes = Encoding.UTF8.GetBytes(before + canary.Value + "behind");

        Assert.True(canary.IsIn(before + canary.Value));
        Assert.True(canary.IsIn(Convert.ToBase64String(bytes)));
        Assert.True(canary.IsIn(System.Buffers.Text.Base64Url.EncodeToString(bytes)));
        Assert.True(canary.IsIn("\\x" + Convert.ToHexStringLower(bytes)));
        Assert.False(canary.IsIn("canary-5bd2"));
    }

    private string Plant(string name, Places allowed = Places.Nowhere) =>
        Plant(name, $"canary-{Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..16]}", allowed);

    private string Plant(string name, string value, Places allowed = Places.Nowhere)
    {
        _planted.Add(new Canary(name, value, allowed));
        return value;
    }

    // What a token endpoint is told it says again: as it gives no token the first time, and beside the token then.
    private Reply GiveToken(ReceivedRequest request)
    {
        var told = JsonSerializer.Serialize(new { error = "invalid_client", error_description = $"{request.Header("Authorization")} {request.Text}", access_token = _accessToken, token_type = "Bearer", expires_in = 3600 });
        return Reply.Status(Interlocked.Increment(ref _asked) == 1 ? 503 : 200, told).With("X-Said", request.Header("Authorization")!);
    }

    private async Task SendWithCertificateAsync(StackCaller acme, Uri url)
    {
        using var authority = Certificates.NewAuthority("An authority");
        using var certificate = authority.Certify("somebody");
        var (pem, key) = (certificate.ExportCertificatePem(), certificate.KeyPem());
        foreach (var line in key.Split('\n')[1..^1]) Plant("a line of a private key", line);
        foreach (var text in new[] { key, $"{key}{Plant("what stands behind a private key")}" })
        {
            await SendAsync(HttpMethod.Post, acme.Key, "credentials", new { name = "x", credential_type = "mtls", credential_data = new { certificate_pem = $"{pem}{key}", private_key_pem = text } });
        }

        var credential = await PostAsync(acme.Key, "credentials", new { name = "x", credential_type = "mtls", credential_data = new { certificate_pem = pem, private_key_pem = key } });
        await PostAsync(acme.Key, $"credentials/{credential.GetProperty("uuid").GetString()}/test", new { url = url.OriginalString });
    }

    private async Task<IReadOnlyList<string>> AddCredentialsAsync(StackCaller acme, Receiver receiver)
    {
        _accessToken = Plant("sent: an access token");
        (string Type, object Data)[] kinds =
        [
            ("bearer_token", new { token = Plant("sent: a bearer token") }),
            ("api_key", new { header_name = "X-Service-Key", api_key = Plant("sent: an API key") }),
            ("basic_auth", new { username = "dograh", password = Plant("sent: a password") }),
            ("custom_header", new { header_name = "X-Custom", header_value = Plant("sent: the value of a header") }),
            ("oauth2_client_credentials", new { token_url = receiver.At("/token").OriginalString, client_id = "dograh", client_secret = Plant("sent: a client's secret") }),
        ];
        var uuids = new List<string>();
        foreach (var (type, data) in kinds)
        {
            var credential = await PostAsync(acme.Key, "credentials", new { name = type, credential_type = type, credential_data = data });
            uuids.Add(credential.GetProperty("uuid").GetString()!);
        }

        return uuids;
    }

    private async Task<long> AddWorkflowAsync(StackCaller acme, Uri url, string credential, object retries)
    {
        var data = new
        {
            name = "Report to the CRM",
            endpoint_url = url.OriginalString,
            credential_uuid = credential,
            custom_headers = new[]
            {
                new { key = "X-Note", value = Plant("the value of a custom header", Places.Database | Places.Answers) },
                new { key = "X-Auth-Token", value = Plant("the value of a header that looks secret") },
            },
            payload_template = new { note = Plant("a text in the payload", Places.Database | Places.Answers), said = "{{gathered_context.said}}" },
            retry_config = retries,
        };
        var workflow = await PostAsync(acme.Key, "workflows", new
        {
            name = "After the call",
            workflow_definition = new { nodes = new[] { new { id = "crm", type = "webhook", data } }, edges = Array.Empty<object>() },
        });
        return workflow.GetProperty("id").GetInt64();
    }

    private object Completion() => new { gathered_context = new { said = Plant("what was said in the call", Places.Answers) } };

    private async Task<Guid> CompleteAsync(StackCaller acme, long workflow)
    {
        var said = Plant("what was said in a call that was stored", Places.Database | Places.Answers);
        return StackCaller.DeliveryOf(await PostAsync(acme.Key, $"workflows/{workflow}/completed-runs", new { gathered_context = new { said } }));
    }

    // Told once, to whoever makes it; the record of its making, and of what it does, is read with everything else. The log has its own words for what it may not.
    private async Task UseAnotherKeyAsync(StackCaller acme)
    {
        var made = await PostAsync(acme.Key, "api-keys", new { name = "to look", scopes = new[] { "audit:read", "credentials:write" }, expires_at = TimeProvider.System.GetUtcNow().AddHours(1) });
        var key = Plant("a key that was made", made.GetProperty("api_key").GetString()!, Places.Answers);
        await SendAsync(HttpMethod.Get, key, "deliveries", body: null);
        var stored = await PostAsync(key, "credentials", new
        {
            name = "x", credential_type = "bearer_token", credential_data = new { token = Plant("the token of a credential that is on record") },
        });
        Assert.Contains(stored.GetProperty("uuid").GetString()!, await SendAsync(HttpMethod.Get, key, "audit", body: null), StringComparison.Ordinal);
    }

    // What is refused must not be told to anybody else either.
    private async Task RefusedAsync(StackCaller acme)
    {
        await SendAsync(HttpMethod.Get, Plant("a key that is nobody's"), "deliveries", body: null);
        await SendAsync(HttpMethod.Post, acme.Key, "workflows", new
        {
            name = "x",
            workflow_definition = new
            {
                nodes = new[] { new { id = "n", type = "webhook", data = new { name = "n", endpoint_url = $"https://user:{Plant("a password in a URL")}@receiver.test/" } } },
                edges = Array.Empty<object>(),
            },
        });
        await SendAsync(HttpMethod.Post, acme.Key, "credentials", new
        {
            name = "x", credential_type = "bearer_token", credential_data = new { token = $"{Plant("a token with a line break")}\r\n" },
        });
        await SendAsync(HttpMethod.Post, acme.Key, "credentials", new
        {
            name = "x", credential_type = Plant("a type that is none", Places.Answers), credential_data = new { token = Plant("the token of a type that is none") },
        });
    }

    // A route that is added must be read here, or named in vain.
    private async Task ReadEverythingAsync(StackCaller acme, Guid delivery, string bin)
    {
        var described = await SendAsync(HttpMethod.Get, acme.Key, "/openapi/v1.json", body: null);
        var shown = await acme.DeliveryAsync(delivery);
        var known = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["/api/v1/credentials/{uuid}"] = shown.GetProperty("credential_uuid").GetString()!,
            ["/api/v1/workflows/{id}"] = Text(shown, "workflow_id"),
            ["/api/v1/workflows/{id}/runs"] = Text(shown, "workflow_id"),
            ["/api/v1/workflows/{id}/context-variables"] = Text(shown, "workflow_id"),
            ["/api/v1/workflow-runs/{id}"] = Text(shown, "workflow_run_id"),
            ["/api/v1/deliveries/{delivery_id}"] = delivery.ToString(),
            ["/api/v1/deliveries/{delivery_id}/request"] = delivery.ToString(),
            ["/api/v1/organizations/{id}/quotas"] = "1",
            ["/api/v1/bins/{id}"] = bin,
            ["/api/v1/bins/{id}/requests"] = bin,
        };
        // One route is there to tell a secret.
        foreach (var path in JsonElement.Parse(described).GetProperty("paths").EnumerateObject()
            .Where(path => path.Value.TryGetProperty("get", out _) && path.Name != "/api/v1/signing-secrets/{id}/secret"))
        {
            var concrete = PathParameter().Replace(path.Name, _ => known.TryGetValue(path.Name, out var id) ? id : throw new InvalidOperationException($"Say how to read {path.Name}."));
            if (path.Name.EndsWith("/export", StringComparison.Ordinal)) concrete += "?format=csv";
            foreach (var key in new[] { acme.Key, RunningStack.AdminKey }) await SendAsync(HttpMethod.Get, key, concrete, body: null);
        }

        Assert.Contains("[REDACTED]", await SendAsync(HttpMethod.Get, acme.Key, $"bins/{bin}/requests", body: null), StringComparison.Ordinal);
    }

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetInt64().ToString(CultureInfo.InvariantCulture);

    private async Task<JsonElement> PostAsync(string key, string path, object body) => JsonElement.Parse(await SendAsync(HttpMethod.Post, key, path, body));

    private async Task<string> SendAsync(HttpMethod method, string key, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, new Uri(new Uri(observed.Stack.Url, "/api/v1/"), path))
        {
            Headers = { { "X-API-Key", key } },
            Content = body is null ? null : JsonContent.Create(body),
        };
        using var response = await Http.SendAsync(request, Token);
        var answer = await response.Content.ReadAsStringAsync(Token);
        _answers.AppendLine(response.Headers.ToString()).AppendLine(answer);
        return answer;
    }

    // Refuses each delivery once, and accepts it then.
    private static Reply Echo(ReceivedRequest request)
    {
        var heard = new Dictionary<string, object>
        {
            ["error"] = "nope",
            ["token"] = request.Text,
            ["headers"] = request.Headers.Where(header => !header.Key.Equals("X-Note", StringComparison.OrdinalIgnoreCase)).ToDictionary(),
        };
        var status = request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200;
        return Reply.Status(status, JsonSerializer.Serialize(heard)).With("Set-Cookie", $"session={request.Header("Authorization")}");
    }

    private static bool Received(Receiver receiver, Canary canary) =>
        receiver.Requests.Any(request => request.Headers.Values.Append(request.Text).Any(canary.IsIn));

    private static bool IsOf(Guid delivery, OtlpLogRecord record) =>
        record.Body.StartsWith("delivery.attempted", StringComparison.Ordinal) && record.Attributes.GetValueOrDefault("dograh.delivery.id") == delivery.ToString();

    private static async Task EndsAsync(StackCaller acme, Guid delivery) =>
        await Eventually.TrueAsync(async () => (await acme.DeliveryAsync(delivery)).GetProperty("status").GetString() != "pending");

    private async Task<string> DumpRedisAsync()
    {
        var dump = new StringBuilder();
        foreach (var key in observed.Redis.Connection.GetServers().Single().Keys(observed.Redis.Database.Database))
        {
            var value = await observed.Redis.Database.KeyTypeAsync(key) switch
            {
                RedisType.SortedSet => string.Join('\n', (await observed.Redis.Database.SortedSetRangeByRankAsync(key)).Select(member => member.ToString())),
                RedisType.String => (await observed.Redis.Database.StringGetAsync(key)).ToString(),
                var other => throw new InvalidOperationException($"{key} is a {other}: say how to read it."),
            };
            dump.AppendLine(key.ToString()).AppendLine(value);
        }

        return dump.ToString();
    }

    // As anybody on the machine may read them.
    private static string CommandLines()
    {
        var lines = new StringBuilder();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _)))
        {
            try
            {
                lines.AppendLine(File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' '));
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return lines.ToString();
    }

    [GeneratedRegex(@"\{\w+\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PathParameter();
}
