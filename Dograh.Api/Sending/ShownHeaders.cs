using System.Net.Http.Headers;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;

namespace Dograh.Api.Sending;

/// <summary>The headers that an attempt would send, made by the very code that sends them, without what nobody is to see.</summary>
internal static class ShownHeaders
{
    private const string Masked = "***";

    /// <summary>Makes them: the credential's, the signature and its time are masked.</summary>
    /// <exception cref="UnsendableException">The delivery's own data does not make a request; the message says what.</exception>
    public static Dictionary<string, string> Of(ClaimedDelivery delivery, CredentialHeader? credential, EgressGuard guard)
    {
        using var request = WebhookRequest.Build(delivery, credential, guard);
        var headers = request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? default(HttpHeadersNonValidated))
            .ToDictionary(
                header => header.Key,
                header => string.Equals(header.Key, credential?.Name, StringComparison.OrdinalIgnoreCase) ? Masked : header.Value.ToString(),
                StringComparer.OrdinalIgnoreCase);
        // They come into being as it is sent.
        headers[WebhookRequest.TimestampHeader] = Masked;
        headers[WebhookRequest.SignatureHeader] = Masked;
        return headers;
    }

    /// <summary>Why a delivery cannot be sent with its credential as that is now; null if it can.</summary>
    public static string? FindFault(Guid? credentialUuid, ResolvedCredential? credential, string endpointUrl) => (credentialUuid, credential) switch
    {
        (null, _) => null,
        ({ } missing, null) => $"credential {missing:D} not found",
        ({ } uuid, { IsReadable: false }) => $"credential {uuid:D} cannot be read just now",
        (_, { Certificate: not null }) when !endpointUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase) => DeliverySender.NoCertificate,
        _ => null,
    };
}
