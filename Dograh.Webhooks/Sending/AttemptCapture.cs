using System.Net;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Redaction;
using Dograh.Webhooks.Signing;

namespace Dograh.Webhooks.Sending;

/// <summary>What the innermost handler learns of an attempt, handed out through the request's options.</summary>
internal sealed class AttemptCapture
{
    public static readonly HttpRequestOptionsKey<AttemptCapture> Option = new("Dograh.AttemptCapture");

    /// <summary>The capture of a request.</summary>
    /// <exception cref="InvalidOperationException">The request was not made by the delivery sender.</exception>
    public static AttemptCapture Of(HttpRequestMessage? request) =>
        request is not null && request.Options.TryGetValue(Option, out var capture)
            ? capture
            : throw new InvalidOperationException("The request has no capture: it was not made by the delivery sender.");

    /// <summary>What is sent.</summary>
    public required ClaimedDelivery Delivery { get; init; }

    /// <summary>What it is signed with.</summary>
    public required SigningKeys Keys { get; init; }

    /// <summary>The credential's secret, which no answer may give away; null without a credential.</summary>
    public KnownSecret? Secret { get; init; }

    /// <summary>The connections of the credential's certificate; null if it has none.</summary>
    public ClientCertificateHandler.Lease? Connections { get; init; }

    /// <summary>Where the request goes.</summary>
    public required ReceiverOrigin Origin { get; init; }

    /// <summary>The attempt's total deadline.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>When the lease ends, by the database's clock.</summary>
    public required DateTimeOffset LeaseUntil { get; init; }

    /// <summary>The timestamp of the moment in which the sender was given it.</summary>
    public required long GivenAt { get; init; }

    /// <summary>Ends the wait for a place, or the attempt with its worker; null where there was a place at once.</summary>
    public CancellationTokenSource? Patience { get; init; }

    /// <summary>When the request began, by the database's clock; null if it never did.</summary>
    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>How long it took until its end, however it ended.</summary>
    public TimeSpan Duration { get; set; }

    /// <summary>The status line's code, as soon as there was one.</summary>
    public HttpStatusCode? StatusCode { get; set; }

    /// <summary>What was read of the body.</summary>
    public byte[] BodyStart { get; set; } = [];
}
