using System.Collections;
using System.Globalization;
using Dograh.Webhooks.Deliveries;

namespace Dograh.Webhooks.Telemetry;

/// <summary>The scope in which everything about an attempt is logged: its ids, under the names that spans use.</summary>
public sealed class DeliveryLogScope(ClaimedDelivery delivery) : IReadOnlyList<KeyValuePair<string, object?>>
{
    /// <inheritdoc />
    public int Count => 4;

    /// <inheritdoc />
    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new(DograhTelemetry.DeliveryId, delivery.DeliveryUuid),
        1 => new(DograhTelemetry.OrganizationId, delivery.Key.OrganizationId),
        2 => new(DograhTelemetry.WorkflowRunId, delivery.WorkflowRunId),
        3 => new(DograhTelemetry.Attempt, delivery.AttemptNumber),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"delivery {delivery.DeliveryUuid} attempt {delivery.AttemptNumber} run {delivery.WorkflowRunId} organization {delivery.Key.OrganizationId}");
}
