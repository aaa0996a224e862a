using Microsoft.Extensions.Compliance.Classification;

namespace Dograh.Webhooks.Redaction;

/// <summary>What a value that is logged may hold, and so what becomes of it on its way to any log.</summary>
public static class LogClasses
{
    private const string Taxonomy = "Dograh";

    /// <summary>Must never be seen: erased.</summary>
    public static DataClassification Secret { get; } = new(Taxonomy, nameof(Secret));

    /// <summary>What an exception or a receiver said: what looks like a credential is taken out.</summary>
    public static DataClassification FailureText { get; } = new(Taxonomy, nameof(FailureText));

    /// <summary>A receiver's URL: its origin is kept.</summary>
    public static DataClassification ReceiverUrl { get; } = new(Taxonomy, nameof(ReceiverUrl));
}

/// <summary>Marks a log's parameter, see <see cref="LogClasses.Secret"/>.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class SecretAttribute() : DataClassificationAttribute(LogClasses.Secret);

/// <summary>Marks a log's parameter, see <see cref="LogClasses.FailureText"/>.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class FailureTextAttribute() : DataClassificationAttribute(LogClasses.FailureText);

/// <summary>Marks a log's parameter, see <see cref="LogClasses.ReceiverUrl"/>.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ReceiverUrlAttribute() : DataClassificationAttribute(LogClasses.ReceiverUrl);
