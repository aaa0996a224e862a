using Dograh.Webhooks.Receiver;
using Microsoft.Extensions.Time.Testing;

namespace Dograh.Tests.Receiving;

public sealed class InMemoryWebhooksTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_webhook_is_somebodys_once_and_done_afterwards()
    {
        var memory = new InMemoryWebhooks();

        Assert.Equal(WebhookTurn.Yours, await memory.BeginAsync("a", Token));
        Assert.Equal(WebhookTurn.UnderWay, await memory.BeginAsync("a", Token));
        Assert.Equal(WebhookTurn.Yours, await memory.BeginAsync("b", Token));
        await memory.EndAsync("a", isDone: true, Token);

        Assert.Equal(WebhookTurn.Done, await memory.BeginAsync("a", Token));
        Assert.Equal(WebhookTurn.UnderWay, await memory.BeginAsync("b", Token));
    }

    [Fact]
    public async Task One_that_was_not_done_is_somebodys_again()
    {
        var memory = new InMemoryWebhooks();
        await memory.BeginAsync("a", Token);

        await memory.EndAsync("a", isDone: false, Token);

        Assert.Equal(WebhookTurn.Yours, await memory.BeginAsync("a", Token));
    }

    [Fact]
    public async Task Of_many_that_ask_at_once_one_gets_it()
    {
        var memory = new InMemoryWebhooks();

        var turns = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(async () => await memory.BeginAsync("a", Token), Token)));

        Assert.Single(turns, WebhookTurn.Yours);
    }

    [Fact]
    public async Task An_id_is_forgotten_after_its_time()
    {
        var memory = new InMemoryWebhooks(TimeSpan.FromHours(1), time: _time);
        await DoAsync(memory, "a");
        _time.Advance(TimeSpan.FromMinutes(30));
        await DoAsync(memory, "b");

        _time.Advance(TimeSpan.FromMinutes(30));

        Assert.Equal(WebhookTurn.Yours, await memory.BeginAsync("a", Token));
        Assert.Equal(WebhookTurn.Done, await memory.BeginAsync("b", Token));
    }

    [Fact]
    public async Task Beyond_its_capacity_the_oldest_is_forgotten()
    {
        var memory = new InMemoryWebhooks(capacity: 2);
        foreach (var id in (string[])["a", "b", "c"]) await DoAsync(memory, id);

        Assert.Equal(WebhookTurn.Done, await memory.BeginAsync("b", Token));
        Assert.Equal(WebhookTurn.Done, await memory.BeginAsync("c", Token));
        Assert.Equal(WebhookTurn.Yours, await memory.BeginAsync("a", Token));
    }

    private static async Task DoAsync(InMemoryWebhooks memory, string id)
    {
        Assert.Equal(WebhookTurn.Yours, await memory.BeginAsync(id, Token));
        await memory.EndAsync(id, isDone: true, Token);
    }
}
