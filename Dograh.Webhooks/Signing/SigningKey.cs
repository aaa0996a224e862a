namespace Dograh.Webhooks.Signing;

/// <summary>An opened secret: it signs, from any number of threads at once.</summary>
internal abstract class SigningKey
{
    /// <summary>Opens a secret's text.</summary>
    /// <exception cref="FormatException">The text is not one of its algorithm.</exception>
    public static SigningKey Open(string algorithm, string text) => algorithm switch
    {
        SigningAlgorithm.V1 => new HmacKey(SigningSecretText.Read(SigningSecretText.SecretPrefix, text)),
        SigningAlgorithm.V1a => new Ed25519Key(SigningSecretText.Read(SigningSecretText.PrivateKeyPrefix, text)),
        _ => throw new FormatException($"There is no algorithm '{algorithm}'."),
    };

    /// <summary>The signature, with its algorithm: <c>v1,</c> and base64.</summary>
    /// <param name="head">The id, a dot, the timestamp and a dot.</param>
    /// <param name="body">The body.</param>
    public abstract string Sign(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body);
}
