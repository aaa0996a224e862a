namespace Dograh.Webhooks.Deliveries;

/// <summary>The only place where a delivery's next state is decided. Pure: the statements in <c>Data/Sql</c> merely apply it.</summary>
public static class DeliveryTransitions
{
    /// <summary>More lost claims than this and a delivery is poison: it is dead-lettered in place of a further claim.</summary>
    public const int MaxLostClaims = 5;

    /// <summary>What kind of answer a status code is.</summary>
    /// <returns>2xx succeeded; 408, 425, 429 and every 5xx transient; all else, 3xx included, permanent.</returns>
    public static AttemptOutcome Classify(int statusCode) => statusCode switch
    {
        >= 200 and <= 299 => AttemptOutcome.Succeeded,
        408 or 425 or 429 or (>= 500 and <= 599) => AttemptOutcome.TransientFailure,
        _ => AttemptOutcome.PermanentFailure,
    };

    /// <summary>What kind of outcome an attempt had; no HTTP response is transient unless the attempt says otherwise.</summary>
    public static AttemptOutcome Classify(AttemptResult.Attempted attempt) => attempt switch
    {
        { IsTransient: true } => AttemptOutcome.TransientFailure,
        { StatusCode: { } statusCode } => Classify(statusCode),
        { IsPermanent: true } => AttemptOutcome.PermanentFailure,
        _ => AttemptOutcome.TransientFailure,
    };

    /// <summary>The transition after an attempt.</summary>
    /// <param name="delivery">The delivery as claimed.</param>
    /// <param name="attempt">What came of the attempt.</param>
    /// <param name="jitterRatio">The largest random part of the backoff.</param>
    /// <param name="random">A number in [0, 1).</param>
    public static DeliveryTransition AfterAttempt(
        ClaimedDelivery delivery, AttemptResult.Attempted attempt, double jitterRatio, double random)
    {
        switch (Classify(attempt))
        {
            case AttemptOutcome.Succeeded:
                return new DeliveryTransition(DeliveryStatus.Succeeded, DelaySeconds: 0);
            case AttemptOutcome.PermanentFailure:
                return new DeliveryTransition(DeliveryStatus.DeadLetter, DelaySeconds: 0);
            case AttemptOutcome.TransientFailure when delivery.AttemptNumber >= delivery.MaxAttempts:
                return new DeliveryTransition(DeliveryStatus.DeadLetter, DelaySeconds: 0);
            case AttemptOutcome.TransientFailure:
                // Only 429 and 503 give Retry-After a meaning (RFC 9110, 10.2.3; RFC 6585, 4).
                var retryAfter = attempt.StatusCode is 429 or 503 ? attempt.RetryAfter : null;
                var delay = Backoff.AfterAttempt(
                    delivery.AttemptNumber, delivery.BaseDelaySeconds, delivery.MaxDelaySeconds, jitterRatio, random, retryAfter);
                return new DeliveryTransition(DeliveryStatus.Pending, delay);
            case var outcome:
                throw new InvalidOperationException($"No transition for {outcome}.");
        }
    }
}

/// <summary>Where a delivery goes.</summary>
/// <param name="Status">The next state; <see cref="DeliveryStatus.Pending"/> for another attempt.</param>
/// <param name="DelaySeconds">The wait before that attempt.</param>
public readonly record struct DeliveryTransition(DeliveryStatus Status, double DelaySeconds);
