using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Faults;

/// <summary>What a receiver has said too much after one delivery is not taken for its answer to the next.</summary>
/// <remarks>A false 2xx would lose the next delivery for good; a false 4xx would park it.</remarks>
public sealed class ResponseDesyncTests(TestServers servers) : WorkerTest(servers)
{
    private const string Ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    public static TheoryData<string, string> Leftovers => new()
    {
        { "bytes beyond the length", Ok + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
        { "noise beyond the length", Ok + "noise" },
        { "bytes after a chunked end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
        { "a body where none may be", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
        { "two lengths, the larger one true", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Leftovers))]
    public async Task What_comes_with_an_answer_and_is_not_of_it_is_nobody_elses_answer(string name, string answer)
    {
        Assert.NotEmpty(name);
        await using var receiver = FaultyReceiver.Doing(
            async caller =>
            {
                await caller.ReadRequestAsync();
                await caller.SendAsync(answer);
                await AnswerAsync(caller, 503);
            },
            caller => AnswerAsync(caller, 503));
        await AssertSecondIsRefusedAsync(receiver, statusCode: 503);
    }

    [Fact]
    public async Task What_comes_after_an_answer_is_nobody_elses_answer()
    {
        await using var receiver = FaultyReceiver.Doing(
            async caller =>
            {
                await caller.ReadRequestAsync();
                await caller.SendAsync(Ok);
                // By itself, and long before the next delivery is stored.
                await caller.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                await AnswerAsync(caller, 503);
            },
            caller => AnswerAsync(caller, 503));
        await AssertSecondIsRefusedAsync(receiver, statusCode: 503);
    }

    /// <summary>It answers before it has read the body, and then takes the body for another request, which it refuses.</summary>
    [Fact]
    public async Task The_answer_to_a_body_taken_for_a_request_is_nobody_elses_answer()
    {
        await using var receiver = FaultyReceiver.Doing(
            async caller =>
            {
                await caller.ReadHeadAsync();
                await caller.SendAsync(Ok);
                await caller.SendAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                await AnswerAsync(caller, 200);
            },
            caller => AnswerAsync(caller, 503));
        await AssertSecondIsRefusedAsync(receiver, statusCode: 503);
    }

    [Fact]
    public async Task A_connection_that_ended_well_is_used_again()
    {
        await using var receiver = FaultyReceiver.Doing(async caller =>
        {
            await AnswerAsync(caller, 200, times: 1);
            await AnswerAsync(caller, 503);
        });
        await AssertSecondIsRefusedAsync(receiver, statusCode: 503);

        Assert.Equal(1, receiver.Connections);
    }

    private static async Task AnswerAsync(FaultyConnection caller, int statusCode, int times = int.MaxValue)
    {
        for (var n = 0; n < times; n++)
        {
            await caller.ReadRequestAsync();
            await caller.SendAsync($"HTTP/1.1 {statusCode} So\r\nContent-Length: 0\r\n\r\n");
        }
    }

    private async Task AssertSecondIsRefusedAsync(FaultyReceiver receiver, int statusCode)
    {
        await StartWorkerAsync();
        var first = await Database.AddAsync(ADelivery().To(receiver.Url).WithTimeout(5));
        await UntilAsync(first, DeliveryStatus.Succeeded);

        var second = await Database.AddAsync(ADelivery().To(receiver.Url).WithTimeout(5).WithBackoff(3600, 3600));
        await Eventually.TrueAsync(async () => (await Database.DeliveryAsync(second)).AttemptCount == 1);

        Assert.Equal(statusCode, (await Database.DeliveryAsync(second)).LastStatusCode);
        await Database.AssertConservedAsync();
    }
}
