using Microsoft.AspNetCore.DataProtection;

namespace Dograh.Webhooks.Credentials;

/// <summary>Encrypts the JSON text of a credential's data for its row.</summary>
public sealed class CredentialProtector(IDataProtectionProvider provider) : RowProtector(provider, "Dograh.Webhooks.Credentials.v1");
