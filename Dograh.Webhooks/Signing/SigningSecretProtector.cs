using Dograh.Webhooks.Credentials;
using Microsoft.AspNetCore.DataProtection;

namespace Dograh.Webhooks.Signing;

/// <summary>Encrypts the text of a signing secret for its row.</summary>
public sealed class SigningSecretProtector(IDataProtectionProvider provider, KeyRing ring) : RowProtector(provider, ring, "Dograh.Webhooks.Signing.v1");
