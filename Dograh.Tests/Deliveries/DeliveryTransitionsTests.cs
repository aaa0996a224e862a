using Dograh.Webhooks.Deliveries;

namespace Dograh.Tests.Deliveries;

public sealed class DeliveryTransitionsTests
{
    private static readonly int[] TransientBelow500 = [408, 425, 429];

    [Fact]
    public void Every_status_code_has_the_outcome_that_the_design_gives_it()
    {
        for (var statusCode = 100; statusCode <= 599; statusCode++)
        {
            var expected = statusCode is >= 200 and <= 299 ? AttemptOutcome.Succeeded
                : statusCode >= 500 || TransientBelow500.Contains(statusCode) ? AttemptOutcome.TransientFailure
                : AttemptOutcome.PermanentFailure;
            Assert.True(expected == DeliveryTransitions.Classify(statusCode), $"{statusCode} should be {expected}");
        }
    }

    [Theory]
    [InlineData(200, AttemptOutcome.Succeeded)]
    [InlineData(204, AttemptOutcome.Succeeded)]
    [InlineData(301, AttemptOutcome.PermanentFailure)]
    [InlineData(308, AttemptOutcome.PermanentFailure)]
    [InlineData(400, AttemptOutcome.PermanentFailure)]
    [InlineData(401, AttemptOutcome.PermanentFailure)]
    [InlineData(404, AttemptOutcome.PermanentFailure)]
    [InlineData(408, AttemptOutcome.TransientFailure)]
    [InlineData(410, AttemptOutcome.PermanentFailure)]
    [InlineData(425, AttemptOutcome.TransientFailure)]
    [InlineData(429, AttemptOutcome.TransientFailure)]
    [InlineData(500, AttemptOutcome.TransientFailure)]
    [InlineData(501, AttemptOutcome.TransientFailure)]
    [InlineData(599, AttemptOutcome.TransientFailure)]
    [InlineData(600, AttemptOutcome.PermanentFailure)]
    public void The_outcomes_that_users_know_by_heart(int statusCode, AttemptOutcome expected) =>
        Assert.Equal(expected, DeliveryTransitions.Classify(statusCode));

    [Fact]
    public void No_response_is_transient_unless_another_try_cannot_mend_it()
    {
        Assert.Equal(AttemptOutcome.TransientFailure, DeliveryTransitions.Classify(new AttemptResult.Attempted()));
        Assert.Equal(AttemptOutcome.PermanentFailure, DeliveryTransitions.Classify(new AttemptResult.Attempted { IsPermanent = true }));
    }

    [Fact]
    public void A_success_ends_a_delivery_even_at_its_last_attempt() =>
        Assert.Equal(new DeliveryTransition(DeliveryStatus.Succeeded, 0), After(attempt: 5, max: 5, new AttemptResult.Attempted { StatusCode = 200 }));

    [Fact]
    public void A_permanent_failure_is_a_dead_letter_at_the_first_attempt() =>
        Assert.Equal(new DeliveryTransition(DeliveryStatus.DeadLetter, 0), After(attempt: 1, max: 5, new AttemptResult.Attempted { StatusCode = 404 }));

    [Theory]
    [InlineData(1, 30)]
    [InlineData(2, 60)]
    [InlineData(4, 240)]
    public void A_transient_failure_waits_for_the_backoff_of_its_attempt(int attempt, double delaySeconds) =>
        Assert.Equal(new DeliveryTransition(DeliveryStatus.Pending, delaySeconds), After(attempt, max: 5, new AttemptResult.Attempted { StatusCode = 503 }));

    [Theory]
    [InlineData(5, 5)]
    [InlineData(1, 1)]
    [InlineData(6, 5)]
    public void The_last_transient_failure_is_a_dead_letter(int attempt, int max) =>
        Assert.Equal(new DeliveryTransition(DeliveryStatus.DeadLetter, 0), After(attempt, max, new AttemptResult.Attempted()));

    [Theory]
    [InlineData(429, 90)]
    [InlineData(503, 90)]
    [InlineData(500, 30)]
    [InlineData(408, 30)]
    [InlineData(null, 30)]
    public void Retry_After_counts_with_429_and_503_only(int? statusCode, double delaySeconds) =>
        Assert.Equal(delaySeconds, After(1, 5, new AttemptResult.Attempted { StatusCode = statusCode, RetryAfter = TimeSpan.FromSeconds(90) }).DelaySeconds);

    [Fact]
    public void Retry_After_is_no_reason_to_try_once_more_than_allowed() =>
        Assert.Equal(DeliveryStatus.DeadLetter, After(5, 5, new AttemptResult.Attempted { StatusCode = 429, RetryAfter = TimeSpan.FromSeconds(1) }).Status);

    private static DeliveryTransition After(int attempt, int max, AttemptResult.Attempted result) =>
        DeliveryTransitions.AfterAttempt(AClaim(attempt, max), result, jitterRatio: 0, random: 0);

    private static ClaimedDelivery AClaim(int attempt, int max) => new()
    {
        Key = new DeliveryKey(1, 1),
        Token = 1,
        DeliveryUuid = Guid.Empty,
        WorkflowRunId = 1,
        EndpointUrl = "https://crm.example/",
        HttpMethod = "POST",
        Payload = "{}",
        CustomHeaders = "[]",
        CredentialUuid = null,
        AttemptCount = attempt - 1,
        MaxAttempts = max,
        BaseDelaySeconds = 30,
        MaxDelaySeconds = 600,
        Timeout = TimeSpan.FromSeconds(30),
        LeaseUntil = DateTimeOffset.UnixEpoch,
        TraceParent = null,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };
}
