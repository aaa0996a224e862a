namespace Dograh.Client;

/// <summary>An organization and what it has waiting and parked, as a <see cref="Backlog"/> has it.</summary>
public sealed record OrganizationBacklog(long Id, string Name, DateTimeOffset CreatedAt, long Pending, long Due, double OldestDueAgeSeconds, long DeadLetters);
