using Microsoft.AspNetCore.DataProtection;

namespace Dograh.Webhooks.Credentials.OAuth;

/// <summary>Encrypts an access token for its row.</summary>
public sealed class OAuthTokenProtector(IDataProtectionProvider provider, KeyRing ring) : RowProtector(provider, ring, "Dograh.Webhooks.OAuthTokens.v1");
