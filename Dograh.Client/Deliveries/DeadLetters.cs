namespace Dograh.Client;

/// <summary>Dead letters in groups, the largest first.</summary>
/// <param name="Items">The groups.</param>
/// <param name="IsComplete">False if there are more groups than are shown, or more dead letters than were looked into.</param>
public sealed record DeadLetters(IReadOnlyList<DeadLetterGroup> Items, bool IsComplete);

/// <summary>Dead letters that one thing stopped.</summary>
/// <param name="EndpointHost">The receiver.</param>
/// <param name="Cause">What stopped them, in words.</param>
/// <param name="StatusCode">The last answer; null if there was none.</param>
/// <param name="Count">How many there are.</param>
/// <param name="IsExact">False if there are more than were counted.</param>
/// <param name="FirstAt">When the oldest of them was created.</param>
/// <param name="LastAt">When the newest of them was created.</param>
/// <param name="LastError">What went wrong with one of them, in full.</param>
/// <param name="Filters">What finds exactly this group, in a list or for a replay.</param>
public sealed record DeadLetterGroup(
    string EndpointHost, string Cause, int? StatusCode, long Count, bool IsExact, DateTimeOffset FirstAt, DateTimeOffset LastAt, string? LastError, DeadLetterFilters Filters);

/// <summary>What finds a group of dead letters.</summary>
public sealed record DeadLetterFilters(string Status, string EndpointHost, string Cause)
{
    /// <summary>The filter of a list, or of a replay.</summary>
    public DeliveryFilter ToFilter() => new() { Status = Status, EndpointHost = EndpointHost, Cause = Cause };
}
