using System.Collections.Concurrent;
using Dograh.Tests.Api;
using Dograh.Tests.Support;

namespace Dograh.Tests.Model;

/// <summary>What the model's tests share: an API over a database of their own, and as many systems in it as tests run at once.</summary>
public sealed class ModelFixture(TestServers servers)
    : ApiFixtureBase(servers, ("WebhookDelivery:ReplayPerSecond", 1 / ModelTime.UnitSeconds))
{
    private readonly ConcurrentBag<RealSystem> _idle = [];

    /// <summary>Runs a test on a system that no other has meanwhile.</summary>
    internal async Task WithCaseAsync(Func<ModelCase, Task> test)
    {
        if (!_idle.TryTake(out var system)) system = await RealSystem.CreateAsync(Api);
        try
        {
            await test(await ModelCase.StartAsync(system));
        }
        finally
        {
            _idle.Add(system);
        }
    }
}
