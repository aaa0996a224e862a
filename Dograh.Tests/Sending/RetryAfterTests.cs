using System.Net.Http.Headers;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Sending;

public sealed class RetryAfterTests(TestServers servers) : SenderTest(servers)
{
    private const string Date = "Wed, 06 May 2026 12:00:00 GMT";
    private const string Later = "Wed, 06 May 2026 12:01:30 GMT";
    private const string Earlier = "Wed, 06 May 2026 11:00:00 GMT";

    [Theory]
    [InlineData("120", Date, 120.0)]
    [InlineData("0", Date, 0.0)]
    [InlineData(Later, Date, 90.0)] // read against the receiver's own clock
    [InlineData(Earlier, Date, 0.0)]
    [InlineData("-5", Date, null)]
    [InlineData("1.5", Date, null)]
    [InlineData("soon", Date, null)]
    [InlineData("", Date, null)]
    [InlineData("1 2", Date, null)]
    [InlineData("00000000000000000000000000120", Date, 120.0)]
    [InlineData("2147483647", Date, 2147483647.0)]
    [InlineData("2147483648", Date, 2147483647.0)] // more than .NET reads, and than anybody waits
    [InlineData("99999999999999999999", Date, 2147483647.0)]
    public async Task Seconds_and_dates_are_read_and_nothing_else(string value, string date, double? seconds)
    {
        await using var receiver = RawReceiver.Answering($"HTTP/1.1 503 Busy\r\nDate: {date}\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(seconds, (await AttemptAsync(AClaim(receiver.Url))).RetryAfter?.TotalSeconds);
    }

    [Fact]
    public void Without_the_receivers_clock_a_date_is_read_against_ours()
    {
        var now = new DateTimeOffset(2026, 5, 6, 12, 0, 30, TimeSpan.Zero);

        using var response = new HttpResponseMessage();
        response.Headers.RetryAfter = RetryConditionHeaderValue.Parse(Later);

        Assert.Equal(TimeSpan.FromSeconds(60), RetryAfter.Read(response.Headers, now));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task It_holds_the_whole_origin_back_for_as_long(int statusCode)
    {
        var sender = NewSender();
        Receiver.Answers(Reply.Status(statusCode).With("Retry-After", "20"), Reply.Ok);
        await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);

        Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(
            new AttemptResult.Deferred(WaitingReason.Throttled, TimeSpan.FromSeconds(15)),
            await sender.SendAsync(AClaim(Receiver.At("/another/path")), credential: null, Token));
        Assert.Single(Receiver.Requests);

        Time.Advance(TimeSpan.FromSeconds(15));
        Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));
    }

    [Fact]
    public async Task It_holds_no_other_origin_back()
    {
        await using var other = await Receiver.StartAsync();
        var sender = NewSender();
        Receiver.Answers(Reply.Status(429).With("Retry-After", "20"));
        await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);

        Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(other.Url), credential: null, Token));
    }

    [Theory]
    [InlineData("86400")]
    [InlineData("31536000000")]
    public async Task It_holds_for_at_most_an_hour(string seconds)
    {
        var sender = NewSender();
        Receiver.Answers(Reply.Status(503).With("Retry-After", seconds));
        await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);

        Assert.Equal(
            new AttemptResult.Deferred(WaitingReason.Throttled, TimeSpan.FromHours(1)),
            await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));
    }

    [Fact]
    public async Task A_shorter_one_does_not_end_a_longer_hold()
    {
        var sender = NewSender();
        var gate = new TaskCompletionSource();
        Receiver.Answers(request => request.Path == "/long"
            ? Reply.Status(503).With("Retry-After", "100")
            : Reply.Status(503).With("Retry-After", "1").After(gate.Task));
        var shorter = sender.SendAsync(AClaim(Receiver.At("/short")), credential: null, Token);
        await Receiver.RequestsAsync(1);
        await sender.SendAsync(AClaim(Receiver.At("/long")), credential: null, Token);
        gate.SetResult();
        await shorter.Soon();

        Assert.Equal(TimeSpan.FromSeconds(100), Assert.IsType<AttemptResult.Deferred>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token)).Delay);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(404)]
    [InlineData(500)]
    public async Task With_other_answers_it_holds_nothing_back(int statusCode)
    {
        var sender = NewSender();
        Receiver.Answers(Reply.Status(statusCode).With("Retry-After", "20"));
        await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token);

        Assert.IsType<AttemptResult.Attempted>(await sender.SendAsync(AClaim(Receiver.Url), credential: null, Token));
    }
}
