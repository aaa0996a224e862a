using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Docs;

/// <summary>The rows in <c>docs/state-machine.md</c> about what an attempt leads to say what <see cref="DeliveryTransitions"/> decides.</summary>
public sealed class StateTableTests
{
    private const int MaxAttempts = 3;
    private const string Retried = "no response, 408, 425, 429, 5xx";
    private const string Exhausted = "the same, at the last attempt";
    private const string Renewed = "401 to an access token that is then renewed";
    private const string Refused = "any other answer; egress refused";

    private static readonly List<(string By, string To)> Leased =
    [
        .. Markdown.Open("docs/state-machine.md").Table("from", "by", "to", "what is written", "who may")
            .Where(row => row["from"] == "leased").Select(row => (row["by"], row["to"])),
    ];

    [Theory]
    [InlineData("2xx", 200)]
    [InlineData("2xx", 299)]
    [InlineData(Retried, null)]
    [InlineData(Retried, 408)]
    [InlineData(Retried, 425)]
    [InlineData(Retried, 429)]
    [InlineData(Retried, 500)]
    [InlineData(Retried, 599)]
    [InlineData(Refused, null, true)]
    [InlineData(Refused, 199)]
    [InlineData(Refused, 301)]
    [InlineData(Refused, 400)]
    [InlineData(Refused, 404)]
    [InlineData(Refused, 600)]
    public void What_comes_of_an_attempt_is_as_its_row_says(string row, int? statusCode, bool isRefusedByEgress = false)
    {
        var attempt = new AttemptResult.Attempted { StatusCode = statusCode, IsPermanent = isRefusedByEgress };

        Assert.Equal(To(row), After(attempt, attemptCount: 0));
        Assert.Equal(To(row == Retried ? Exhausted : row), After(attempt, attemptCount: MaxAttempts - 1));
    }

    [Fact]
    public void A_401_to_a_token_that_is_renewed_is_as_its_row_says()
    {
        var attempt = new AttemptResult.Attempted { StatusCode = 401, IsTransient = true };

        Assert.Equal(To(Renewed), After(attempt, attemptCount: 0));
        Assert.Equal(To(Exhausted), After(attempt, attemptCount: MaxAttempts - 1));
    }

    [Fact]
    public void The_rows_that_name_status_codes_cover_every_status_code()
    {
        for (var statusCode = 100; statusCode < 600; statusCode++)
        {
            var row = statusCode is >= 200 and < 300 ? "2xx" : Names(Retried, statusCode) ? Retried : Refused;
            Assert.Equal((statusCode, To(row)), (statusCode, After(new AttemptResult.Attempted { StatusCode = statusCode }, attemptCount: 0)));
        }
    }

    [Fact]
    public void Poison_is_counted_as_the_table_says()
    {
        var page = Markdown.Open("docs/state-machine.md").Text;

        Assert.Contains("| pending, due | claim after six lost ones | dead_letter |", page, StringComparison.Ordinal);
        Assert.Equal(6, DeliveryTransitions.MaxLostClaims + 1);
    }

    // Whether a row's text has the code, or its class ("5xx").
    private static bool Names(string row, int statusCode) => row.Split(", ").Any(word => word == $"{statusCode}" || word == $"{statusCode / 100}xx");

    private static string To(string by) => Assert.Single(Leased, row => row.By == by).To;

    private static string After(AttemptResult.Attempted attempt, int attemptCount)
    {
        var transition = DeliveryTransitions.AfterAttempt(
            new ClaimedDelivery
            {
                Key = new DeliveryKey(1, 1),
                Token = 1,
                DeliveryUuid = Guid.Empty,
                WorkflowRunId = 1,
                WorkflowId = 1,
                WebhookNodeId = "hook",
                EndpointUrl = "http://receiver.test/",
                HttpMethod = "POST",
                Payload = "{}"u8.ToArray(),
                CustomHeaders = "[]",
                CredentialUuid = null,
                AttemptCount = attemptCount,
                MaxAttempts = MaxAttempts,
                BaseDelaySeconds = 1,
                MaxDelaySeconds = 1,
                Timeout = TimeSpan.FromSeconds(1),
                LeaseUntil = default,
                TraceParent = null,
                CreatedAt = default,
            },
            attempt, jitterRatio: 0, random: 0);
        return transition.Status switch
        {
            DeliveryStatus.Pending => "pending",
            DeliveryStatus.Succeeded => "succeeded",
            DeliveryStatus.DeadLetter => "dead_letter",
            var other => throw new InvalidOperationException($"An attempt cannot lead to {other}."),
        };
    }
}
