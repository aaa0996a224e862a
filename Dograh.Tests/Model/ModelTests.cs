namespace Dograh.Tests.Model;

/// <summary>The system does what the model says, step by step.</summary>
public sealed class ModelTests(ModelFixture fixture) : IClassFixture<ModelFixture>
{
    [Fact]
    public Task Any_sequence_of_operations_does_what_the_model_says() => RandomOperations.Sequence.LookForCounterexamplesAsync(
        operations => fixture.WithCaseAsync(async it =>
        {
            await it.RunAsync(operations);
            await it.DrainAsync(operations.Length % 2 == 0 ? new ModelOutcome.Success() : new ModelOutcome.Transient());
        }),
        operations => string.Join('\n', operations.Select(operation => operation.ToString())));
}
