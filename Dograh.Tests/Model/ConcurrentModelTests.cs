namespace Dograh.Tests.Model;

/// <summary>What several do at once is what they could have done one after the other.</summary>
public sealed class ConcurrentModelTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    [Fact]
    public Task What_several_actors_do_at_once_could_have_been_done_one_after_the_other() => RandomOperations.Concurrent.LookForCounterexamplesAsync(
        operations => fixture.WithCaseAsync(async it =>
        {
            await it.RunAsync(operations.First);
            foreach (var round in operations.Rounds) await it.RunAtOnceAsync(round);
            await it.DrainAsync(new ModelOutcome.Transient());
        }),
        operations => $"{Lines(operations.First)}\nthen at once\n{string.Join("\nthen at once\n", operations.Rounds.Select(Round))}");

    private static string Round(Operation[][] actors) => string.Join('\n', actors.Select((own, n) => $"actor {n}\n{Lines(own)}"));

    private static string Lines(Operation[] operations) => string.Join('\n', operations.Select(operation => $"  {operation}"));
}
