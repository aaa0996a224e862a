namespace Dograh.Webhooks.Deliveries;

/// <summary>A delivery's key: the organization first, as in every key of the database and every member of the queue.</summary>
/// <param name="OrganizationId">The organization.</param>
/// <param name="Id">The delivery's number in the database, not its public uuid.</param>
public readonly record struct DeliveryKey(long OrganizationId, long Id) : IComparable<DeliveryKey>
{
    /// <summary>Orders by organization, then id: the order in which batches lock rows.</summary>
    public int CompareTo(DeliveryKey other)
    {
        var byOrganization = OrganizationId.CompareTo(other.OrganizationId);
        return byOrganization != 0 ? byOrganization : Id.CompareTo(other.Id);
    }
}
