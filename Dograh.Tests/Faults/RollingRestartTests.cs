using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;

namespace Dograh.Tests.Faults;

/// <summary>A deployment: every process is asked to stop (SIGTERM), one after the other, and started again, while callers go on.</summary>
public sealed class RollingRestartTests(TestServers servers) : WorkerTest(servers)
{
    // The grace that the processes are given is longer; what a container platform gives them is as long.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task All_Apis_and_workers_are_replaced_under_load_without_a_failed_request_or_a_duplicate()
    {
        // Long enough that something is always under way.
        Receiver.Answers(_ => Reply.Ok.After(Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Token)));
        await using var first = NewStack("first", ("Api:DrainSeconds", "1.5"));
        await using var second = NewStack("second", ("Api:DrainSeconds", "1.5"));
        await Task.WhenAll(first.StartApiAsync(), second.StartApiAsync(), first.StartWorkerAsync(), second.StartWorkerAsync());
        using var acme = await first.AddOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Receiver.Url);
        using var viaSecond = second.Caller(acme.Key);
        StackCaller[] ways = [acme, viaSecond];
        await using var balancer = new Balancer(first.Url, second.Url);
        await Eventually.TrueAsync(() => balancer.IsWell(0) && balancer.IsWell(1));

        using var enough = new CancellationTokenSource();
        var accepted = new ConcurrentBag<Guid>();
        var failures = new ConcurrentBag<string>();
        var callers = Enumerable.Range(0, 6).Select(_ => CallAsync(balancer, ways, workflow, accepted, failures, enough.Token)).ToList();
        await Eventually.TrueAsync(() => accepted.Count >= 20);
        foreach (var (stack, number) in new[] { (first, 0), (second, 1) })
        {
            Assert.True(await stack.Api.StopAsync(Grace), "The API was stopped in good order.");
            await stack.Api.RestartAsync(Token);
            await Eventually.TrueAsync(() => balancer.IsWell(number));
            var worker = Assert.Single(stack.Workers);
            Assert.True(await worker.StopAsync(Grace), "The worker was stopped in good order.");
            Assert.Equal(0, await worker.Exited);
            // While it is away the other one goes on.
            var sent = Receiver.Requests.Count;
            await Receiver.RequestsAsync(sent + 10);
            await worker.RestartAsync(Token);
        }

        var before = accepted.Count;
        await Eventually.TrueAsync(() => accepted.Count >= before + 20);
        await enough.CancelAsync();
        await Task.WhenAll(callers);
        await Eventually.TrueAsync(async () => await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE status <> 'succeeded'") == 0);

        Assert.Empty(failures);
        // Every one that was accepted, each once, and nothing else.
        Assert.Equal(accepted.Order(), (await Database.ColumnAsync<Guid>("SELECT delivery_uuid FROM webhook_deliveries")).Order());
        Assert.Equal(accepted.Order(), Receiver.Requests.Select(request => Guid.Parse(request.Header("X-Dograh-Delivery-Id")!)).Order());
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM webhook_deliveries WHERE attempt_count <> 1 OR lost_claims <> 0"));
        Assert.DoesNotContain("claim.lost", first.Output + second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_that_is_asked_to_stop_says_so_serves_on_and_has_its_connections_closed()
    {
        await using var stack = NewStack("draining", ("Api:DrainSeconds", "3600"));
        await stack.StartApiAsync();
        using var acme = await stack.AddOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Receiver.Url);
        using var kept = await ConnectAsync(stack.Url);
        Assert.DoesNotContain("Connection: close", await AskAsync(kept, Request(acme, workflow, "{}")), StringComparison.Ordinal);

        var stopping = stack.Api.StopAsync(TimeSpan.FromHours(1));
        await Eventually.TrueAsync(async () => await stack.HealthAsync() == "Unhealthy");
        var answer = await AskAsync(kept, Request(acme, workflow, "{}"));

        Assert.StartsWith("HTTP/1.1 202 ", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close", answer, StringComparison.Ordinal);
        Assert.Equal(0, await kept.GetStream().ReadAsync(new byte[1], Token).AsTask().Soon());
        await acme.CompleteAsync(workflow);
        Assert.Equal("Healthy", await stack.HealthAsync("alive"));
        stack.Api.Kill();
        await stopping;
    }

    [Fact]
    public async Task A_request_that_is_under_way_when_the_API_stops_listening_is_answered()
    {
        await using var stack = NewStack("under-way", ("Api:DrainSeconds", "0"));
        await stack.StartApiAsync();
        using var acme = await stack.AddOrganizationAsync();
        var workflow = await acme.AddWorkflowAsync(Receiver.Url);
        using var connection = await ConnectAsync(stack.Url);
        var request = Request(acme, workflow, "{}");
        // All but the end of its body.
        await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request[..^1]), Token);
        // A request that came after it has been answered: it is being read.
        await acme.CompleteAsync(workflow);

        var stopping = stack.Api.StopAsync(Grace);
        await Eventually.TrueAsync(async () => await stack.TryHealthAsync() is null);
        Assert.False(stopping.IsCompleted);
        var answer = await AskAsync(connection, request[^1..]);

        Assert.StartsWith("HTTP/1.1 202 ", answer, StringComparison.Ordinal);
        Assert.True(await stopping);
        Assert.Equal(0, await stack.Api.Exited);
        Assert.Equal(2, (await Database.DeliveriesAsync()).Count);
    }

    private RunningStack NewStack(string name, params (string Name, string? Value)[] settings) =>
        new(Servers.NewFolder(name), Database.ConnectionString, Redis.ConnectionString, settings);

    // At a caller's pace, over connections that are kept; whoever is turned away is a failure, for nobody here tries again.
    private static async Task CallAsync(
        Balancer balancer, StackCaller[] ways, long workflow, ConcurrentBag<Guid> accepted, ConcurrentBag<string> failures, CancellationToken enough)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(30), TimeProvider.System);
        try
        {
            do
            {
                if (balancer.Next() is not { } api) failures.Add("No API is well.");
                else accepted.Add(await ways[api].CompleteAsync(workflow));
            }
            while (await pace.WaitForNextTickAsync(enough));
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // The deployment is over.
        }
        catch (Exception e)
        {
            failures.Add(e.ToString());
        }
    }

    private static async Task<TcpClient> ConnectAsync(Uri api)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(api.Host, api.Port, Token);
        return connection;
    }

    private static string Request(StackCaller caller, long workflow, string body) =>
        $"POST /api/v1/workflows/{workflow}/completed-runs HTTP/1.1\r\nHost: api\r\nX-API-Key: {caller.Key}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    // An answer's head and the beginning of its body.
    private static async Task<string> AskAsync(TcpClient connection, string request)
    {
        var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Token);
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        // The API's answers are chunked, or end in a brace.
        while (!answer.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal) && !answer.ToString().EndsWith('}'))
        {
            var length = await stream.ReadAsync(buffer, Token).AsTask().Soon();
            Assert.NotEqual(0, length);
            answer.Append(Encoding.UTF8.GetString(buffer, 0, length));
        }

        return answer.ToString();
    }
}
