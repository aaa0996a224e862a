using Dograh.Client;
using Dograh.WebConsole.Components;

namespace Dograh.WebConsole.Deliveries;

/// <summary>What happens next to a delivery, in words.</summary>
internal static class DeliveryWords
{
    /// <summary>What a delivery waits for, and for how long still; what became of it otherwise.</summary>
    public static string Next(Delivery delivery, DateTimeOffset now) => delivery.Status switch
    {
        "succeeded" => "Delivered. Nothing more is sent unless it is replayed.",
        "dead_letter" => "Given up. Nothing more is sent unless it is replayed.",
        "cancelled" => "Cancelled. Nothing more is sent unless it is replayed.",
        _ => delivery.WaitingFor is { } waiting ? $"{Reason(delivery, waiting.Reason)}{(waiting.Until is { } until && until > now ? $" {Spans.Relative(until - now)}" : "")}." : "It is due.",
    };

    private static string Reason(Delivery delivery, string reason) => reason switch
    {
        "schedule" => "It becomes due",
        "retry" => $"Attempt {delivery.AttemptCount + 1} of {delivery.MaxAttempts} follows",
        "circuit" => "The receiver has failed too often of late, so that it is left in peace; looked at again",
        "concurrency" => "The receiver has as many requests under way as it may have; looked at again",
        "throttled" => "The receiver asked for a pause; it goes on",
        "credential" => "Its credential has no access token just now; looked at again",
        "worker" => "Due: a worker takes it, or has it already; whoever is lost with it gives it up",
        _ => $"It waits ({reason}); looked at again",
    };
}
