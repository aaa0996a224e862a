using Dograh.Webhooks.Idempotency;

namespace Dograh.Webhooks.Runs;

/// <summary>A run that comes completed, as a request brings it.</summary>
/// <param name="OrganizationId">Whose it is.</param>
/// <param name="KeyHash">The hash of the API key that it came with: that the key works is asked where the run is stored.</param>
/// <param name="WorkflowId">Its workflow.</param>
/// <param name="Fields">What it was started with.</param>
/// <param name="Completion">What the call found out.</param>
/// <param name="Size">How long its JSON is, in bytes.</param>
public sealed record CompletedRun(long OrganizationId, byte[] KeyHash, long WorkflowId, RunFields Fields, Completion Completion, int Size)
{
    /// <summary>The <c>Idempotency-Key</c> that it came with; null if it came without.</summary>
    public RunKey? Key { get; init; }
}

/// <summary>The <c>Idempotency-Key</c> that a run came with.</summary>
/// <param name="Request">The key.</param>
/// <param name="Answer">What is answered once the run is stored: it is kept with the run.</param>
public sealed record RunKey(RequestKey Request, Func<RunOutcome, KeptAnswer> Answer);

/// <summary>The API key that a run came with does not work any more; nothing was stored.</summary>
public sealed class KeyGoneException() : Exception("The API key does not work any more.");

/// <summary>The API key that a run came with may not store runs; nothing was stored.</summary>
public sealed class KeyLacksScopeException() : Exception("The API key lacks the scope.");
