using Microsoft.Extensions.Compliance.Classification;
using Microsoft.Extensions.Compliance.Redaction;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dograh.Webhooks.Redaction;

/// <summary>Redacts what is logged by its class, before any provider gets it. A net below the care that is taken where a text is made.</summary>
public static class LogRedaction
{
    /// <summary>Adds it. Without it the parameters of a class are not logged at all.</summary>
    public static ILoggingBuilder RedactByClass(this ILoggingBuilder logging)
    {
        // The discriminator would be hashed together with the value; nothing is hashed here.
        logging.EnableRedaction(options => options.ApplyDiscriminator = false);
        logging.Services.AddRedaction(redaction => redaction
            .SetRedactor<FailureTextRedactor>(new DataClassificationSet(LogClasses.FailureText))
            .SetRedactor<ReceiverUrlRedactor>(new DataClassificationSet(LogClasses.ReceiverUrl))
            // Secrets, and whatever class nobody has thought of.
            .SetFallbackRedactor<SecretRedactor>());
        return logging;
    }

    /// <summary>Takes out what looks like a credential.</summary>
    private sealed class FailureTextRedactor : TextRedactor
    {
        protected override string Redacted(string text) => FailureMessage.Redact(text);
    }

    /// <summary>Keeps the origin.</summary>
    private sealed class ReceiverUrlRedactor : TextRedactor
    {
        protected override string Redacted(string text) => SafeUrl.Origin(text);
    }

    /// <summary>Keeps nothing.</summary>
    private sealed class SecretRedactor : TextRedactor
    {
        protected override string Redacted(string text) => FieldRedactor.Redacted;
    }

    private abstract class TextRedactor : Redactor
    {
        public override int GetRedactedLength(ReadOnlySpan<char> input) => Redacted(input.ToString()).Length;

        public override int Redact(ReadOnlySpan<char> source, Span<char> destination)
        {
            var redacted = Redacted(source.ToString());
            redacted.CopyTo(destination);
            return redacted.Length;
        }

        protected abstract string Redacted(string text);
    }
}
