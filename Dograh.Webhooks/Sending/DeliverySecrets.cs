using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Signing;

namespace Dograh.Webhooks.Sending;

/// <summary>The secrets of one attempt, as they are at this moment.</summary>
/// <param name="Credential">The credential; null if the delivery names none or it is gone.</param>
/// <param name="Keys">What the request is signed with.</param>
public sealed record DeliverySecrets(ResolvedCredential? Credential, SigningKeys Keys);
