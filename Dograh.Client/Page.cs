namespace Dograh.Client;

/// <summary>A page of a list, newest first.</summary>
/// <param name="Items">The page's items.</param>
/// <param name="NextCursor">What to ask the next page with; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);
