using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Dograh.Standalone;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Signing;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Faults;

/// <summary>Workers whose machines' clocks are an hour off (datefudge, in real processes): nothing is sent early, late, or twice.</summary>
public sealed partial class ClockTests(TestServers servers) : WorkerTest(servers)
{
    // What a busy machine may add; an hour it does not.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(30);

    // HTTP dates are whole seconds.
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Workers_that_are_an_hour_off_and_one_that_is_right_send_what_is_due_when_it_is_due_and_once()
    {
        const int Concurrency = 4;
        const int Count = 6 * Concurrency;
        // Nobody is answered until all three are sending as much as they may: no worker does it all by itself.
        var allAreSending = new TaskCompletionSource();
        var arrived = 0;
        var arrivals = new ConcurrentDictionary<string, ConcurrentQueue<DateTimeOffset>>();
        Receiver.Answers(request =>
        {
            arrivals.GetOrAdd(request.Header("X-Dograh-Delivery-Id")!, _ => new()).Enqueue(TimeProvider.System.GetUtcNow());
            if (Interlocked.Increment(ref arrived) == 3 * Concurrency) allAreSending.TrySetResult();
            return Reply.Status(request.Header("X-Dograh-Delivery-Attempt") == "1" ? 503 : 200).After(allAreSending.Task);
        });
        await using var stack = NewStack(("WebhookDelivery:Concurrency", $"{Concurrency}"), ("WebhookDelivery:JitterRatio", "0"));
        var workers = await Task.WhenAll(StartAsync(stack, hoursOff: -1), StartAsync(stack, hoursOff: 1), stack.StartWorkerAsync());

        var run = await Database.AddRunAsync(await Database.AddOrganizationAsync());
        await Database.AddSigningSecretAsync(await ComposeWorkerAsync(), run.OrganizationId, SigningScope.Organization);
        var keys = await Database.AddAsync(Count, ADelivery().Of(run).To(Receiver.Url).DueIn(TimeSpan.FromSeconds(2)).WithBackoff(1, 1).WithTimeout(60));
        await ScheduleAsync([.. keys]);
        var due = (await Database.DeliveriesAsync()).ToDictionary(row => row.DeliveryUuid.ToString(), row => row.ScheduledFor);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        // Shown where it fails: what the workers themselves say.
        TestContext.Current.TestOutputHelper!.WriteLine(stack.Output);
        Assert.Equal(Count, arrivals.Count);
        foreach (var (delivery, times) in arrivals)
        {
            var at = times.ToList();
            Assert.Equal(2, at.Count);
            // The receiver's clock is the database's here: one machine. A millisecond is what PostgreSQL's and Redis' times are rounded by.
            Assert.InRange(at[0] - due[delivery], TimeSpan.FromMilliseconds(-2), Slack);
            Assert.InRange(at[1] - at[0], Second, Second + Slack);
        }

        // A claim that found no slot was given back: more claims than attempts are no fault, a lost one would be.
        Assert.All(await Database.DeliveriesAsync(), row => Assert.Equal((2, 0), (row.AttemptCount, row.LostClaims)));
        var dated = await Database.ColumnAsync<DateTimeOffset>("SELECT started_at FROM webhook_delivery_attempts ORDER BY 1");
        Assert.InRange(dated[0] - due.Values.Min(), TimeSpan.FromMilliseconds(-50), Slack);
        Assert.InRange(dated[^1] - due.Values.Max(), TimeSpan.Zero, Second + Slack + Slack);
        var names = await Database.ColumnAsync<string>("SELECT DISTINCT worker FROM webhook_delivery_attempts");
        Assert.Equal(workers.Select(worker => worker.ProcessId).Order(), names.Select(name => stack.WorkerNamed(name).ProcessId).Order());
        await Database.AssertConservedAsync();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_Retry_After_that_is_a_date_is_kept_by_a_worker_that_is_an_hour_off(int hoursOff)
    {
        var wait = TimeSpan.FromSeconds(3);
        // One says no date of its own: its Retry-After is of the right time. One's clock is wrong: its Retry-After is of its own time.
        var plain = new BusyReceiver(now => $"Retry-After: {now + wait:R}\r\n");
        var wrong = new BusyReceiver(now => $"Date: {now.AddDays(-40):R}\r\nRetry-After: {now.AddDays(-40) + wait:R}\r\n");
        await using var first = FaultyReceiver.Doing(plain.ServeAsync);
        await using var second = FaultyReceiver.Doing(wrong.ServeAsync);
        await using var stack = NewStack();
        var uuid = Guid.CreateVersion7();
        var key = await Database.AddAsync(ADelivery().To(first.Url).WithCredential(uuid));
        // Made by a process whose clock is right: a worker whose clock is behind is shown a key from its future.
        await Database.AddCredentialAsync(await ComposeWorkerAsync(), key.OrganizationId, uuid, "bearer_token", """{"token":"let-me-in"}""");
        await Database.AddAsync(ADelivery().To(second.Url));

        await StartAsync(stack, hoursOff);
        await UntilAllAsync(DeliveryStatus.Succeeded);

        foreach (var receiver in new[] { plain, wrong })
        {
            Assert.Equal(2, receiver.Arrivals.Count);
            Assert.InRange(receiver.Arrivals[1] - receiver.Arrivals[0], wait - Second, wait + Slack);
        }

        Assert.All(plain.Heads, head => Assert.Contains("Authorization: Bearer let-me-in", head, StringComparison.Ordinal));
        await Database.AssertConservedAsync();
    }

    private RunningStack NewStack(params (string Name, string? Value)[] settings) =>
        new(Servers.NewFolder("clocks"), Database.ConnectionString, Redis.ConnectionString, settings);

    // Only the time of day is shifted: the monotonic clock, by which timers run, is right on every machine. So not by libfaketime, which shifts
    // the deadlines of timed waits with it: a worker whose clock is behind then wakes an hour late wherever nothing else wakes it.
    private static async Task<ServiceProcess> StartAsync(RunningStack stack, int hoursOff)
    {
        var library = Directory.EnumerateFiles("/usr/lib", "datefudge.so", SearchOption.AllDirectories).FirstOrDefault();
        Assert.True(library is not null, "datefudge is missing: apt-get install datefudge.");
        var off = TimeSpan.FromHours(hoursOff);
        var worker = await stack.StartWorkerAsync(
            // The seconds that it takes away.
            ("LD_PRELOAD", library), ("DATEFUDGE", $"{-off.TotalSeconds}"),
            ("Logging__Console__FormatterName", "simple"), ("Logging__Console__FormatterOptions__TimestampFormat", "yyyy-MM-ddTHH:mm:ssK "),
            ("Logging__Console__FormatterOptions__UseUtcTimestamp", "true"));
        // It is off indeed.
        var says = DateTimeOffset.Parse(Timestamp().Match(await File.ReadAllTextAsync(worker.LogFile, Token)).Value, CultureInfo.InvariantCulture);
        Assert.InRange(says - TimeProvider.System.GetUtcNow(), off - TimeSpan.FromMinutes(2), off + TimeSpan.FromMinutes(2));
        return worker;
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Timestamp();

    // Answers 503 with these headers first, and 200 from then on.
    private sealed class BusyReceiver(Func<DateTimeOffset, string> headers)
    {
        private readonly ConcurrentQueue<(DateTimeOffset At, string Head)> _requests = new();

        public IReadOnlyList<DateTimeOffset> Arrivals => [.. _requests.Select(request => request.At)];

        public IReadOnlyList<string> Heads => [.. _requests.Select(request => request.Head)];

        public async Task ServeAsync(FaultyConnection caller)
        {
            while (true)
            {
                var head = await caller.ReadRequestAsync();
                var now = TimeProvider.System.GetUtcNow();
                _requests.Enqueue((now, head));
                await caller.SendAsync(_requests.Count == 1 ? $"HTTP/1.1 503 Busy\r\n{headers(now)}Content-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        }
    }
}
