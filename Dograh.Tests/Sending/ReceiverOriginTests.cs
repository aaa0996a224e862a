using Dograh.Standalone;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

public sealed class ReceiverOriginTests(TestServers servers) : SenderTest(servers)
{
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(30);

    private static readonly WebhookDeliveryOptions OpensAtFour = new()
    {
        CircuitMinimumAttempts = 4, CircuitFailureRatio = 0.5, CircuitWindowSeconds = 30, CircuitBreakSeconds = Break.TotalSeconds,
    };

    private static readonly WebhookDeliveryOptions OneAtATime = new() { ConcurrencyPerOrigin = 1 };

    [Fact]
    public async Task After_enough_failures_the_circuit_opens_and_deliveries_wait_for_its_break()
    {
        var sender = await OpenAsync();
        Time.Advance(TimeSpan.FromSeconds(10));

        var deferred = Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));

        Assert.Equal(WaitingReason.Circuit, deferred.WaitingFor);
        Assert.InRange(deferred.Delay.TotalSeconds, 19.5, 20.5);
        Assert.Equal(4, Receiver.Requests.Count);
    }

    [Fact]
    public async Task After_the_break_one_attempt_probes_and_its_success_closes_the_circuit()
    {
        var sender = await OpenAsync();
        Receiver.Answers(200);
        Time.Advance(Break + TimeSpan.FromSeconds(1));

        Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));
        Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));
        Assert.Equal(6, Receiver.Requests.Count);
    }

    [Fact]
    public async Task While_the_probe_is_under_way_the_others_wait_and_its_failure_opens_the_circuit_again()
    {
        var sender = await OpenAsync();
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Status(503).After(gate.Task));
        Time.Advance(Break + TimeSpan.FromSeconds(1));
        var probe = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);
        await Receiver.RequestsAsync(5);

        Assert.Equal(WaitingReason.Circuit, Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token)).WaitingFor);
        gate.SetResult();
        Assert.Equal(503, Assert.IsType<AttemptResult.Attempted>(await probe.Soon()).StatusCode);
        Assert.Equal(WaitingReason.Circuit, Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token)).WaitingFor);
        Assert.Equal(5, Receiver.Requests.Count);
    }

    [Fact]
    public async Task A_backlog_that_an_open_circuit_turns_away_comes_back_one_after_another()
    {
        var sender = await OpenAsync();
        Time.Advance(TimeSpan.FromSeconds(10));

        var delays = await DeferralsAsync(sender, 1_000);

        Assert.Equal(delays.Order(), delays);
        Assert.InRange(delays[0].TotalSeconds, 19.5, 20.5);
        Assert.InRange(delays[^1].TotalSeconds - delays[0].TotalSeconds, 1, 10);
    }

    [Fact]
    public async Task Who_is_turned_away_shortly_before_a_probe_does_not_come_back_with_it()
    {
        var sender = await OpenAsync();
        Time.Advance(TimeSpan.FromSeconds(28));

        Assert.InRange(Assert.Single(await DeferralsAsync(sender, 1)).TotalSeconds, 31.5, 32.5);
    }

    [Fact]
    public async Task Who_is_turned_away_while_a_probe_is_under_way_stays_away_for_a_break()
    {
        var sender = await OpenAsync();
        Receiver.Answers(Reply.Nothing);
        Time.Advance(Break + TimeSpan.FromSeconds(1));
        using var stop = new CancellationTokenSource();
        var probe = sender.SendAsync(AClaim(Receiver.Url), credential: null, stop.Token);
        await Receiver.RequestsAsync(5);

        Assert.All(await DeferralsAsync(sender, 100), delay => Assert.InRange(delay, Break - TimeSpan.FromSeconds(1), Break * 2));
        await stop.CancelAsync();
        await probe.Soon();
    }

    [Fact]
    public async Task Who_is_turned_away_by_a_receiver_that_hangs_stays_away_for_a_break()
    {
        var sender = NewSender(OneAtATime);
        Receiver.Answers(Reply.Nothing);
        using var stop = new CancellationTokenSource();
        var hanging = sender.SendAsync(AClaim(Receiver.Url), credential: null, stop.Token);
        await Receiver.RequestsAsync(1);
        Time.Advance(TimeSpan.FromSeconds(4));

        Assert.All(await DeferralsAsync(sender, 100), delay => Assert.InRange(delay, Break, Break * 2));
        await stop.CancelAsync();
        await hanging.Soon();
    }

    [Fact]
    public async Task A_receiver_that_has_never_answered_is_known_to_hang_after_a_second_and_one_that_has_after_two()
    {
        var sender = NewSender(OneAtATime);
        Receiver.Answers(request => request.Number == 2 ? Reply.Ok : Reply.Nothing);
        using var stop = new CancellationTokenSource();
        var first = sender.SendAsync(AClaim(Receiver.Url), credential: null, stop.Token);
        await Receiver.RequestsAsync(1);
        Time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.InRange(Assert.Single(await DeferralsAsync(sender, 1)), Break, Break * 2);
        await stop.CancelAsync();
        await first.Soon();

        Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token).Soon());
        using var stopAgain = new CancellationTokenSource();
        var third = sender.SendAsync(AClaim(Receiver.Url), credential: null, stopAgain.Token);
        await Receiver.RequestsAsync(3);
        Time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.InRange(Assert.Single(await DeferralsAsync(sender, 1)).TotalSeconds, 0.5, 5);
        await stopAgain.CancelAsync();
        await third.Soon();
    }

    [Fact]
    public async Task What_waits_for_an_open_circuit_is_known_before_its_secrets_are_read_and_so_is_what_does_not()
    {
        var sender = await OpenAsync();
        Time.Advance(TimeSpan.FromSeconds(10));

        var deferred = sender.IsShut(AClaim(Receiver.Url));
        Assert.Equal(WaitingReason.Circuit, deferred?.WaitingFor);
        Assert.InRange(deferred!.Delay.TotalSeconds, 19.5, 20.5);
        Assert.Null(sender.IsShut(AClaim()));
        Assert.Null(sender.IsShut(AClaim() with { EndpointUrl = "no URL" }));
        Time.Advance(Break);
        Assert.Null(sender.IsShut(AClaim(Receiver.Url)));
    }

    [Fact]
    public async Task A_line_that_has_stopped_is_given_up_where_others_want_its_slots_and_what_is_being_sent_goes_on()
    {
        var sender = NewSender(OneAtATime);
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var first = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);
        await Receiver.RequestsAsync(1);
        var second = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);

        sender.GiveUpStoppedLines();
        Assert.False(second.IsCompleted);
        Time.Advance(TimeSpan.FromSeconds(1));
        sender.GiveUpStoppedLines();

        Assert.Equal(WaitingReason.Concurrency, Assert.IsType<AttemptResult.Deferred>(await second.Soon()).WaitingFor);
        gate.SetResult();
        Assert.IsType<AttemptResult.Attempted>(await first.Soon());
    }

    [Fact]
    public async Task Who_has_waited_and_is_being_sent_is_not_sent_away_with_the_line()
    {
        var sender = NewSender(OneAtATime);
        var (firstGate, secondGate) = (new TaskCompletionSource(), new TaskCompletionSource());
        Receiver.Answers(request => Reply.Ok.After(request.Number == 1 ? firstGate.Task : secondGate.Task));
        var first = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);
        await Receiver.RequestsAsync(1);
        var second = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);
        firstGate.SetResult();
        await first.Soon();
        await Receiver.RequestsAsync(2);

        Time.Advance(TimeSpan.FromSeconds(1));
        sender.GiveUpStoppedLines();
        secondGate.SetResult();

        Assert.IsType<AttemptResult.Attempted>(await second.Soon());
    }

    [Fact]
    public async Task An_open_circuit_is_one_origins_only()
    {
        await using var other = await Receiver.StartAsync();
        var sender = await OpenAsync();

        Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(other.Url), credential: null, Token));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(410)]
    [InlineData(429)]
    public async Task Answers_that_are_about_the_request_do_not_open_the_circuit(int statusCode)
    {
        var sender = NewSender(OpensAtFour);
        Receiver.Answers(statusCode);
        for (var n = 0; n < 8; n++) Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));
    }

    [Fact]
    public async Task No_response_opens_the_circuit()
    {
        var sender = NewSender(OpensAtFour);
        var nobody = new Uri($"http://127.0.0.1:{FreePort.Next()}/");
        for (var n = 0; n < 4; n++) Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(nobody), credential: null, Token));

        Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(nobody), credential: null, Token));
    }

    [Fact]
    public async Task An_address_that_is_not_allowed_does_not_open_the_circuit()
    {
        var sender = NewSender(OpensAtFour, new EgressOptions());
        var url = new UriBuilder(Receiver.Url) { Host = "localhost" }.Uri;
        for (var n = 0; n < 8; n++) Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(url), credential: null, Token));
    }

    [Fact]
    public async Task A_receiver_that_fails_less_often_than_the_ratio_keeps_its_circuit_closed()
    {
        var sender = NewSender(OpensAtFour);
        Receiver.Answers(request => Reply.Status(request.Number % 3 == 0 ? 500 : 200));
        for (var n = 0; n < 12; n++) Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));
    }

    [Fact]
    public async Task As_many_as_the_limit_are_under_way_as_many_again_wait_and_the_rest_are_deferred()
    {
        var sender = NewSender(OneAtATime);
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var sending = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);
        await Receiver.RequestsAsync(1);
        var waiting = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);

        var deferred = Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));

        Assert.Equal(WaitingReason.Concurrency, deferred.WaitingFor);
        Assert.InRange(deferred.Delay.TotalSeconds, 0.1, 60);
        Assert.False(waiting.IsCompleted);
        gate.SetResult();
        Assert.IsType<AttemptResult.Attempted>(await sending.Soon());
        Assert.IsType<AttemptResult.Attempted>(await waiting.Soon());
        Assert.Equal((2, 1), (Receiver.Requests.Count, Receiver.MostUnderWay));
    }

    [Fact]
    public async Task An_organization_that_has_none_in_the_line_may_join_it_however_long_another_has_made_it()
    {
        var sender = NewSender(OneAtATime);
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var burst = Enumerable.Range(0, 2).Select(_ => sender.SendAsync(AClaim(Receiver.Url), credential: null, Token)).ToList();
        await Receiver.RequestsAsync(1);
        Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));

        var others = AClaim(Receiver.Url) with { Key = new DeliveryKey(2, 1) };
        var single = sender.SendAsync(others, credential: null, Token);
        Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(others, credential: null, Token));

        gate.SetResult();
        Assert.IsType<AttemptResult.Attempted>(await single.Soon());
        await Task.WhenAll(burst).Soon();
    }

    [Fact]
    public async Task Those_that_find_no_place_come_back_one_after_another()
    {
        var sender = NewSender(OneAtATime);
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var sending = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);
        var waiting = sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);
        await Receiver.RequestsAsync(1);

        var delays = await DeferralsAsync(sender, 1_000);

        Assert.Equal(delays.Order(), delays);
        Assert.InRange(delays[0].TotalSeconds, 0.1, 5);
        Assert.InRange(delays[^1].TotalSeconds, 30, 60);
        gate.SetResult();
        await Task.WhenAll(sending, waiting).Soon();
    }

    [Fact]
    public async Task One_that_waited_so_long_for_a_place_that_its_lease_could_end_first_is_deferred_and_not_sent()
    {
        var sender = NewSender(OneAtATime);
        var gate = new TaskCompletionSource();
        Receiver.Answers(Reply.Ok.After(gate.Task));
        var first = sender.SendAsync(AClaim(Receiver.Url) with { Timeout = TimeSpan.FromSeconds(60) }, credential: null, Token);
        await Receiver.RequestsAsync(1);
        var second = sender.SendAsync(
            AClaim(Receiver.Url) with { Timeout = TimeSpan.FromSeconds(10), LeaseUntil = Now + TimeSpan.FromSeconds(15) }, credential: null, Token);

        // The lease outlasts the deadline now, but would no longer when a place is free.
        Time.Advance(TimeSpan.FromSeconds(6));
        gate.SetResult();

        Assert.Equal(200, Assert.IsType<AttemptResult.Attempted>(await first.Soon()).StatusCode);
        Assert.Equal(WaitingReason.Concurrency, Assert.IsType<AttemptResult.Deferred>(await second.Soon()).WaitingFor);
        Assert.Single(Receiver.Requests);
    }

    [Fact]
    public async Task Who_waits_in_a_line_that_has_stopped_moving_comes_back_later()
    {
        var sender = NewSender(OneAtATime);
        Receiver.Answers(Reply.Nothing);
        using var stop = new CancellationTokenSource();
        var hanging = sender.SendAsync(AClaim(Receiver.Url), credential: null, stop.Token);
        await Receiver.RequestsAsync(1);

        var deferred = Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token).Soon());

        Assert.Equal(WaitingReason.Concurrency, deferred.WaitingFor);
        Assert.Single(Receiver.Requests);
        await stop.CancelAsync();
        await hanging.Soon();
    }

    [Fact]
    public async Task A_full_origin_leaves_the_others_their_places()
    {
        await using var other = await Receiver.StartAsync();
        var sender = NewSender(OneAtATime);
        Receiver.Answers(Reply.Nothing);
        using var stop = new CancellationTokenSource();
        var hanging = Enumerable.Range(0, 2).Select(_ => sender.SendAsync(AClaim(Receiver.Url), credential: null, stop.Token)).ToList();
        await Receiver.RequestsAsync(1);

        Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(other.Url), credential: null, Token).Soon());
        await stop.CancelAsync();
        await Task.WhenAll(hanging).Soon();
    }

    private async Task<List<TimeSpan>> DeferralsAsync(DeliverySender sender, int count)
    {
        var delays = new List<TimeSpan>();
        for (var n = 0; n < count; n++)
        {
            delays.Add(Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token)).Delay);
        }

        return delays;
    }

    private async Task<DeliverySender> OpenAsync()
    {
        var sender = NewSender(OpensAtFour);
        Receiver.Answers(503);
        for (var n = 0; n < 4; n++) Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));
        return sender;
    }
}
