using System.Diagnostics;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Sending;
using Dograh.Webhooks.Telemetry;
using Microsoft.Extensions.Options;

namespace Dograh.Worker;

/// <summary>One claim from sending to the outcome that is to be recorded, with its span, its log line and its metrics.</summary>
internal sealed partial class AttemptRunner(DeliverySender sender, IOptions<WebhookDeliveryOptions> options, ILogger<AttemptRunner> logger)
{
    /// <summary>Makes the attempt and decides the transition. Throws nothing.</summary>
    public async Task<DeliveryOutcome> RunAsync(ClaimedDelivery delivery, DeliverySecrets secrets, CancellationToken cancellationToken)
    {
        // Made where it is logged in, if that is seldom: of an attempt that goes well a plain console shows nothing.
        using var scope = logger.IsEnabled(LogLevel.Information) ? logger.BeginScope(new DeliveryLogScope(delivery)) : null;
        using var activity = StartActivity(delivery);
        AttemptResult result;
        try
        {
            result = await sender.SendAsync(delivery, secrets, cancellationToken);
        }
        catch (Exception e)
        {
            // A fault of ours that nobody foresaw. It must not cost the delivery an attempt, and must be seen.
            using (scope is null ? logger.BeginScope(new DeliveryLogScope(delivery)) : null) LogUnexpected(logger, e);
            activity?.SetStatus(ActivityStatusCode.Error, e.GetType().Name);
            result = new AttemptResult.Released(DeliverySender.OurFailureDelay);
        }

        return result switch
        {
            AttemptResult.Attempted attempt => Attempted(delivery, attempt, activity),
            AttemptResult.Unsendable unsendable => Unsendable(delivery, unsendable, activity),
            AttemptResult.Deferred deferred => Return(delivery, deferred.Delay, deferred.WaitingFor, deferred.Error, activity),
            AttemptResult.Released released => Return(delivery, released.Delay, waitingFor: null, error: null, activity),
            _ => throw new InvalidOperationException($"No outcome for {result.GetType().Name}."),
        };
    }

    /// <summary>What is recorded of a claim that no attempt is begun for.</summary>
    public DeliveryOutcome TurnAway(ClaimedDelivery delivery, AttemptResult.Deferred deferred)
    {
        using var scope = logger.IsEnabled(LogLevel.Information) ? logger.BeginScope(new DeliveryLogScope(delivery)) : null;
        using var activity = StartActivity(delivery);
        return Return(delivery, deferred.Delay, deferred.WaitingFor, deferred.Error, activity);
    }

    private static Activity? StartActivity(ClaimedDelivery delivery)
    {
        if (!DograhTelemetry.Source.HasListeners()) return null;
        _ = ActivityContext.TryParse(delivery.TraceParent, traceState: null, isRemote: true, out var completingRequest);
        var activity = DograhTelemetry.Source.StartActivity("deliver_webhook", ActivityKind.Consumer, completingRequest);
        return activity?
            .SetTag(DograhTelemetry.DeliveryId, delivery.DeliveryUuid.ToString("D"))
            .SetTag(DograhTelemetry.OrganizationId, delivery.Key.OrganizationId)
            .SetTag(DograhTelemetry.WorkflowRunId, delivery.WorkflowRunId)
            .SetTag(DograhTelemetry.Attempt, delivery.AttemptNumber)
            .SetTag("messaging.system", "dograh")
            .SetTag("messaging.operation.type", "process")
            .SetTag("messaging.message.id", delivery.DeliveryUuid.ToString("D"));
    }

    private DeliveryOutcome Attempted(ClaimedDelivery delivery, AttemptResult.Attempted attempt, Activity? activity)
    {
        var transition = DeliveryTransitions.AfterAttempt(delivery, attempt, options.Value.JitterRatio, Random.Shared.NextDouble());
        var outcome = DeliveryTransitions.Classify(attempt);

        if (DograhTelemetry.AttemptDuration.Enabled) DograhTelemetry.AttemptDuration.Record(attempt.Duration.TotalSeconds, Tags(outcome, attempt));
        if (attempt.StatusCode is { } statusCode) activity?.SetTag("http.response.status_code", statusCode);
        if (outcome != AttemptOutcome.Succeeded) activity?.SetStatus(ActivityStatusCode.Error, attempt.StatusCode is null ? "no response" : null);
        // What went well is for the collector; a console that prints thousands of lines a second of it would be the slowest part of a delivery.
        using var scope = outcome == AttemptOutcome.Succeeded || logger.IsEnabled(LogLevel.Information) ? null : logger.BeginScope(new DeliveryLogScope(delivery));
        LogAttempted(logger, outcome == AttemptOutcome.Succeeded ? LogLevel.Information : LogLevel.Warning, outcome, attempt.StatusCode, attempt.Duration.TotalMilliseconds, delivery.AttemptNumber, delivery.MaxAttempts,
            transition.Status, transition.DelaySeconds, delivery.Token, attempt.Error);

        return new DeliveryOutcome(delivery, new AttemptRecord
        {
            Key = delivery.Key,
            Token = delivery.Token,
            Status = transition.Status,
            DelaySeconds = transition.DelaySeconds,
            Attempt = attempt,
            Error = attempt.Error,
            TraceId = activity?.TraceId.ToHexString() ?? DograhTelemetry.TraceIdOf(delivery.TraceParent),
        }, Return: null);
    }

    private DeliveryOutcome Unsendable(ClaimedDelivery delivery, AttemptResult.Unsendable unsendable, Activity? activity)
    {
        activity?.SetStatus(ActivityStatusCode.Error, unsendable.Reason);
        using var scope = logger.IsEnabled(LogLevel.Information) ? null : logger.BeginScope(new DeliveryLogScope(delivery));
        LogUnsendable(logger, unsendable.Reason);
        return new DeliveryOutcome(delivery, new AttemptRecord
        {
            Key = delivery.Key,
            Token = delivery.Token,
            Status = DeliveryStatus.DeadLetter,
            Error = unsendable.Reason,
        }, Return: null);
    }

    private DeliveryOutcome Return(ClaimedDelivery delivery, TimeSpan delay, string? waitingFor, string? error, Activity? activity)
    {
        activity?.SetTag("dograh.waiting_for", waitingFor ?? "released");
        LogReturned(logger, waitingFor ?? "released", delay.TotalSeconds);
        return new DeliveryOutcome(delivery, Record: null, new ReturnedClaim(delivery.Key, delivery.Token, delay.TotalSeconds, waitingFor, error));
    }

    private static TagList Tags(AttemptOutcome outcome, AttemptResult.Attempted attempt)
    {
        var tags = new TagList { { "outcome", outcome.ToString() } };
        if (outcome != AttemptOutcome.Succeeded)
        {
            tags.Add("error.type", attempt.StatusCode is { } statusCode ? $"{statusCode / 100}xx" : attempt.IsPermanent ? "egress" : "no_response");
        }

        return tags;
    }

    [LoggerMessage(EventId = 1, Message =
        "delivery.attempted {Outcome} status {StatusCode} in {DurationMs:0.#} ms, attempt {Attempt} of {MaxAttempts}, now {Status}, next in {NextInSeconds:0.###} s, claim {Claim}: {Error}")]
    private static partial void LogAttempted(
        ILogger logger, LogLevel level, AttemptOutcome outcome, int? statusCode, double durationMs, int attempt, int maxAttempts, DeliveryStatus status,
        double nextInSeconds, long claim, [FailureText] string? error);

    [LoggerMessage(2, LogLevel.Warning, "delivery.unsendable: {Reason}; dead letter.")]
    private static partial void LogUnsendable(ILogger logger, [FailureText] string reason);

    [LoggerMessage(3, LogLevel.Debug, "delivery.returned ({Reason}), due again in {DelaySeconds:0.###} s.")]
    private static partial void LogReturned(ILogger logger, [FailureText] string reason, double delaySeconds);

    [LoggerMessage(4, LogLevel.Error, "An attempt failed for a reason of our own; its claim is released and no attempt is counted.")]
    private static partial void LogUnexpected(ILogger logger, Exception exception);
}
