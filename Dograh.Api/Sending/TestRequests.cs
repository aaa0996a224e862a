using Dograh.Api.Http;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Sending;

namespace Dograh.Api.Sending;

/// <summary>Sends single requests as attempts are sent, to see what comes back: nothing is stored of them, and none is sent twice.</summary>
internal sealed class TestRequests(DeliverySecretsResolver secrets, DeliverySender sender, DatabaseClock clock) : IDisposable
{
    // Each keeps a place of the API's for as long as its receiver takes.
    private const int MaxAtATime = 16;

    private readonly SemaphoreSlim _places = new(MaxAtATime);

    /// <summary>Sends one.</summary>
    /// <param name="delivery">What to send, with its deadline.</param>
    /// <param name="test">What it is a test of, as its receiver is told.</param>
    /// <param name="record">Puts on record who sends it; it is sent once that is done.</param>
    /// <param name="cancellationToken">Nobody waits for the answer any more.</param>
    /// <exception cref="ApiProblemException">As many are under way as may be: 429.</exception>
    public async Task<TestAnswerView> SendAsync(ClaimedDelivery delivery, string test, Func<Task> record, CancellationToken cancellationToken)
    {
        if (!await _places.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            throw new ApiProblemException(StatusCodes.Status429TooManyRequests, "Too many tests", $"{MaxAtATime} tests are under way; try again in some seconds.");
        }

        try
        {
            await record();
            await clock.SynchronizeAsync(cancellationToken);
            var claimed = delivery with { DeliveryUuid = Guid.CreateVersion7(), LeaseUntil = DateTimeOffset.MaxValue, Test = test };
            var resolved = await secrets.ResolveAsync([claimed], cancellationToken);
            return TestAnswerView.Of(await sender.SendAsync(claimed, resolved[0], cancellationToken));
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();
}
