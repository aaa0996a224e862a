using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using CsCheck;
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

/// <summary>How long random tests look, and what a failing one says.</summary>
internal static partial class ModelSampling
{
    /// <summary>The environment's name for how many minutes each random test of the model looks; without it, some seconds.</summary>
    public const string MinutesVariable = "DOGRAH_MODEL_MINUTES";

    private const int Seconds = 10;

    // One waits for PostgreSQL most of the time, so a second one costs little.
    private const int Threads = 2;

    /// <summary>Tries random cases until the time is over; the smallest that fails is shown, with the seed that makes it again.</summary>
    public static async Task LookForCounterexamplesAsync<T>(this Gen<T> cases, Func<T, Task> test, Func<T, string> print)
    {
        var seconds = double.TryParse(Environment.GetEnvironmentVariable(MinutesVariable), out var minutes) ? (int)(minutes * 60) : Seconds;
        var output = TestContext.Current.TestOutputHelper!;
        try
        {
            await cases.SampleAsync(test, output.WriteLine, time: seconds, threads: Threads, print: print);
        }
        catch (CsCheckException e)
        {
            var name = TestContext.Current.Test!.TestDisplayName;
            var seed = SeedOf().Match(e.Message).Groups["seed"].Value;
            Assert.Fail($"{e.InnerException?.Message}\n\n{e.Message}\n\nThe same again: CsCheck_Seed={seed} ./test --filter-method '{name}'\nLonger: {MinutesVariable}=10 ./test --filter-method '{name}'");
        }
    }

    [GeneratedRegex("CsCheck_Seed=(?<seed>\\w+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SeedOf();
}
