using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Dograh.Tests.Api.Workflows;
using Dograh.Tests.Support;
using Npgsql;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Http;

/// <summary>An API that has more to do than it can is quick to say so, and what it has accepted is kept.</summary>
public sealed class OverloadTests(TestServers servers)
{
    // Less than the half minute that Npgsql waits of its own accord: who is refused is refused by our bounds.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("workflows")]
    [InlineData("/API/v1/workflows")]
    public async Task More_requests_than_can_be_served_and_wait_are_told_to_come_again(string path)
    {
        await using var api = await ApiHost.StartAsync(servers, ("Api:MaxConcurrentRequests", 2), ("Api:MaxWaitingRequests", 1));
        var acme = await api.NewOrganizationAsync();
        using var first = await HoldAsync(api.Address, acme);
        using var second = await HoldAsync(api.Address, acme);
        var waiting = acme.GetAsync(path);

        // Whichever of the two comes first waits, the other is refused.
        var refused = await (await Task.WhenAny(waiting, acme.GetAsync(path))).Soon();

        refused.IsProblem(503);
        Assert.InRange(int.Parse(refused.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal(200, (await api.Anonymous.GetAsync("/health")).Status);
        first.Dispose();
        second.Dispose();
        await Eventually.TrueAsync(async () => (await acme.GetAsync("workflows")).Status == 200);
    }

    [Fact]
    public async Task A_large_body_waits_until_there_is_room_for_it_and_keeps_no_small_one_waiting()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Api:MaxBodyBytesAtATime", 1024 * 1024));
        var acme = await api.NewOrganizationAsync();
        using var first = await HoldAsync(api.Address, acme, length: 900_000);
        using var second = await PostAsync(api.Address, acme, length: 900_000, expect: true);

        for (var n = 0; n < 5; n++) (await acme.PostAsync("credentials", new { name = "none", credential_type = "none" })).Is(201);
        Assert.Equal(0, second.Available);

        first.Dispose();
        await IsServedAsync(second);
    }

    [Fact]
    public async Task A_body_whose_length_is_not_told_counts_as_the_largest()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Api:MaxBodyBytesAtATime", 1024 * 1024));
        var acme = await api.NewOrganizationAsync();
        using var first = await HoldAsync(api.Address, acme, length: 200_000);
        using var chunked = await PostAsync(api.Address, acme, length: null, expect: true);

        for (var n = 0; n < 5; n++) (await acme.PostAsync("credentials", new { name = "none", credential_type = "none" })).Is(201);
        Assert.Equal(0, chunked.Available);

        first.Dispose();
        await IsServedAsync(chunked);
    }

    [Fact]
    public async Task A_database_that_hangs_over_keys_is_503_for_everybody_who_waits()
    {
        await using var api = await ApiHost.StartAsync(servers);
        var acme = await api.NewOrganizationAsync();
        await using (await LockAsync(api.Database, "api_keys"))
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => acme.GetAsync("workflows"))).WaitAsync(Limit, TimeProvider.System, Token);
            foreach (var answer in answers) answer.IsProblem(503);
        }

        (await acme.GetAsync("workflows")).Is(200);
    }

    [Fact]
    public async Task A_database_that_hangs_over_rows_is_503_and_what_was_refused_is_not_there()
    {
        await using var api = await ApiHost.StartAsync(servers);
        var acme = await api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync(Webhook())}/completed-runs";
        (await acme.PostAsync(path, new { })).Is(202);
        await using (await LockAsync(api.Database, "webhook_deliveries"))
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => acme.PostAsync(path, new { }))).WaitAsync(Limit, TimeProvider.System, Token);
            foreach (var answer in answers) answer.IsProblem(503);
        }

        (await acme.PostAsync(path, new { })).Is(202);
        Assert.Equal(2L, await api.Database.ScalarAsync<long>("SELECT count(*) FROM workflow_runs"));
    }

    // A request whose body does not come: it is being served for as long as its connection lasts.
    private static async Task<TcpClient> HoldAsync(Uri api, ApiOrganization organization, int length = 100)
    {
        var client = await PostAsync(api, organization, length, expect: true);
        await IsServedAsync(client);
        return client;
    }

    // It is asked for its body: so it is being served.
    private static async Task IsServedAsync(TcpClient client)
    {
        var answer = new byte[25];
        await client.GetStream().ReadExactlyAsync(answer, Token).AsTask().Soon();
        Assert.StartsWith("HTTP/1.1 100", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
    }

    // The head of a request.
    private static async Task<TcpClient> PostAsync(Uri api, ApiOrganization organization, int? length, bool expect)
    {
        var client = new TcpClient();
        await client.ConnectAsync(api.Host, api.Port, Token);
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes(
                $"POST /api/v1/workflows HTTP/1.1\r\nHost: {api.Authority}\r\nX-API-Key: {organization.Key}\r\nContent-Type: application/json\r\n"
                + $"{(length is { } told ? $"Content-Length: {told.ToString(CultureInfo.InvariantCulture)}" : "Transfer-Encoding: chunked")}\r\n{(expect ? "Expect: 100-continue\r\n" : "")}\r\n"),
            Token);
        return client;
    }

    private static async Task<IAsyncDisposable> LockAsync(TestDatabase database, string table)
    {
        var connection = await database.DataSource.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand($"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync(Token);
        return new Held(connection);
    }

    private sealed class Held(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await using (var command = new NpgsqlCommand("ROLLBACK", connection)) await command.ExecuteNonQueryAsync(CancellationToken.None);
            await connection.DisposeAsync();
        }
    }
}
