namespace Dograh.Webhooks.Rendering;

/// <summary>A node's custom headers, rendered for one run.</summary>
/// <param name="Headers">Those to freeze, in the node's order.</param>
/// <param name="Dropped">The names of those that look secret, with or without a value; neither stored nor sent.</param>
/// <param name="Faults">Why the node is invalid for this run; none if it is valid. They name headers, never values.</param>
public sealed record RenderedHeaders(IReadOnlyList<CustomHeader> Headers, IReadOnlyList<string> Dropped, IReadOnlyList<string> Faults);
