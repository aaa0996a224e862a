namespace Dograh.Webhooks.Rendering;

/// <summary>One header of a node's own, as frozen with the delivery.</summary>
/// <param name="Key">Its name, an HTTP token.</param>
/// <param name="Value">Its rendered value: not empty, and without control characters.</param>
public sealed record CustomHeader(string Key, string Value);
