namespace Dograh.Webhooks.Runs;

/// <summary>The runs of a batch render to more than is held in memory at a time; nothing of it is stored.</summary>
/// <param name="maxLength">The most that they may come to, in UTF-16 characters.</param>
public sealed class BatchTooLargeException(long maxLength)
    : Exception($"The webhooks of the runs of a batch may come to {maxLength} characters together: send fewer runs at a time.");
