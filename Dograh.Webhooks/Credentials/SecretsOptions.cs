using Dograh.Webhooks.Configuration;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Credentials;

/// <summary>The secret that protects all secrets; section <c>Secrets</c>.</summary>
public sealed class SecretsOptions
{
    /// <summary>The configuration section.</summary>
    public const string SectionName = "Secrets";

    /// <summary>The length of the master key.</summary>
    public const int MasterKeyBytes = 32;

    /// <summary>Base64 of 32 bytes. It protects the key ring that protects the credentials.</summary>
    /// <value>None: without it nothing starts. Losing it loses the credentials.</value>
    public string? MasterKey { get; set; }

    /// <summary>The master keys of before, comma separated: they open what they have wrapped, and wrap nothing more.</summary>
    /// <value>Default none. See <c>docs/runbook.md</c> on rotating the key.</value>
    public string? PreviousMasterKeys { get; set; }

    /// <summary>The key's bytes.</summary>
    /// <exception cref="FormatException">It is missing or not base64 of 32 bytes; the message never quotes it.</exception>
    public byte[] DecodeMasterKey()
    {
        var setting = FlatEnvironmentNames.Describe($"{SectionName}:{nameof(MasterKey)}");
        if (string.IsNullOrWhiteSpace(MasterKey))
        {
            throw new FormatException($"{setting} is not set. It is the base64 of 32 random bytes; make one with 'openssl rand -base64 32' and keep it safe.");
        }

        return Decode(MasterKey) ?? throw new FormatException($"{setting} must be the base64 of exactly {MasterKeyBytes} bytes, and is not.");
    }

    /// <summary>The bytes of the keys of before.</summary>
    /// <exception cref="FormatException">One is not base64 of 32 bytes; the message never quotes it.</exception>
    public IReadOnlyList<byte[]> DecodePreviousMasterKeys() =>
    [
        .. (PreviousMasterKeys ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select((key, index) =>
            Decode(key) ?? throw new FormatException(
                $"{FlatEnvironmentNames.Describe($"{SectionName}:{nameof(PreviousMasterKeys)}")} must be keys, separated by commas, each the base64 of exactly {MasterKeyBytes} bytes; number {index + 1} is not.")),
    ];

    private static byte[]? Decode(string text)
    {
        var key = new byte[MasterKeyBytes + 1];
        return Convert.TryFromBase64String(text.Trim(), key, out var length) && length == MasterKeyBytes ? key[..MasterKeyBytes] : null;
    }
}

/// <summary>Stops the process at start without a usable master key.</summary>
internal sealed class SecretsOptionsValidator : IValidateOptions<SecretsOptions>
{
    public ValidateOptionsResult Validate(string? name, SecretsOptions options)
    {
        try
        {
            options.DecodeMasterKey();
            options.DecodePreviousMasterKeys();
            return ValidateOptionsResult.Success;
        }
        catch (FormatException e)
        {
            return ValidateOptionsResult.Fail(e.Message);
        }
    }
}
