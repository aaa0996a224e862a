using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Worker;

public sealed class CredentialTests(TestServers servers) : WorkerTest(servers)
{
    private static readonly Guid Uuid = Guid.CreateVersion7();

    [Fact]
    public async Task A_credential_is_resolved_anew_for_every_attempt()
    {
        Receiver.Answers(503, 200);
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithCredential(Uuid).WithBackoff(0.5, 0.5));
        var worker = await ComposeWorkerAsync();
        await Database.AddCredentialAsync(worker, key.OrganizationId, Uuid, "bearer_token", """{"token":"old"}""");
        await StartWorkerAsync();
        await Receiver.RequestsAsync(1);

        await Database.ExecuteAsync("DELETE FROM external_credentials");
        await Database.AddCredentialAsync(worker, key.OrganizationId, Uuid, "bearer_token", """{"token":"new"}""");
        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal(["Bearer old", "Bearer new"], Receiver.Requests.Select(request => request.Header("Authorization")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_credential_that_is_gone_or_inactive_is_a_dead_letter_and_nothing_is_sent(bool isInactive)
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithCredential(Uuid));
        if (isInactive) await Database.AddCredentialAsync(key.OrganizationId, Uuid, "bearer_token", [1], isActive: false);
        await StartWorkerAsync();

        var row = await UntilAsync(key, DeliveryStatus.DeadLetter);

        Assert.Equal((0, $"credential {Uuid:D} not found"), (row.AttemptCount, row.LastError));
        Assert.Empty(Receiver.Requests);
    }

    [Fact]
    public async Task A_credential_that_cannot_be_decrypted_releases_the_claim_and_counts_no_attempt()
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithCredential(Uuid));
        await Database.AddCredentialAsync(key.OrganizationId, Uuid, "bearer_token", [1, 2, 3]);
        var worker = await StartWorkerAsync();

        await Eventually.TrueAsync(async () => await Database.DeliveryAsync(key) is { ClaimCount: > 0, LeasedBy: null });

        var row = await Database.DeliveryAsync(key);
        Assert.Equal((DeliveryStatus.Pending, 0, null, null), (row.Status, row.AttemptCount, row.LastError, row.WaitingFor));
        Assert.True(row.ScheduledFor > row.UpdatedAt, "It is not asked for again at once.");
        Assert.Empty(Receiver.Requests);
        Assert.True(worker.Log.Has($"Credential {Uuid}"));
    }

    [Fact]
    public async Task A_worker_with_another_master_key_releases_and_one_with_the_right_key_delivers()
    {
        var key = await Database.AddAsync(ADelivery().To(Receiver.Url).WithCredential(Uuid));
        var right = await ComposeWorkerAsync();
        await Database.AddCredentialAsync(right, key.OrganizationId, Uuid, "bearer_token", """{"token":"t"}""");
        var wrong = await StartWorkerAsync(("Secrets:MasterKey", Convert.ToBase64String(new byte[32])));
        await Eventually.TrueAsync(async () => await Database.DeliveryAsync(key) is { ClaimCount: > 0, LeasedBy: null });
        Assert.True(wrong.Log.Has("Is the master key the right one?"));
        await wrong.StopAsync();

        await Database.ExecuteAsync("UPDATE webhook_deliveries SET scheduled_for = now()");
        await StartWorkerAsync();
        await UntilAsync(key, DeliveryStatus.Succeeded);

        Assert.Equal("Bearer t", Assert.Single(Receiver.Requests).Header("Authorization"));
        Assert.Single(await Database.AttemptsAsync(key));
    }

    [Fact]
    public async Task While_credentials_cannot_be_read_their_deliveries_are_released_and_others_delivered()
    {
        await using var database = await Servers.CreateEmptyDatabaseAsync();
        await TestServers.MigrateAsync(database.DataSource, Token);
        await using var process = TestWorker.Compose(database, TestWorker.NoRedis);
        var with = await database.AddAsync(ADelivery().To(Receiver.At("/with")).WithCredential(Uuid));
        await database.AddCredentialAsync(process, with.OrganizationId, Uuid, "bearer_token", """{"token":"t"}""");
        await database.ExecuteAsync("ALTER TABLE external_credentials RENAME TO out_of_reach");
        var worker = await StartWorkerAsync(database, Redis.ConnectionString);

        await Eventually.TrueAsync(() => worker.Log.Has("Credentials and signing secrets cannot be read just now"));
        var without = await database.AddAsync(ADelivery().To(Receiver.At("/without")));
        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(without)).Status == DeliveryStatus.Succeeded);
        Assert.Equal((DeliveryStatus.Pending, 0), ((await database.DeliveryAsync(with)).Status, (await database.DeliveryAsync(with)).AttemptCount));

        await database.ExecuteAsync("ALTER TABLE out_of_reach RENAME TO external_credentials");
        await Eventually.TrueAsync(async () => (await database.DeliveryAsync(with)).Status == DeliveryStatus.Succeeded);
        Assert.Equal(["/without", "/with"], Receiver.Requests.Select(request => request.Path));
        await worker.StopAsync();
    }
}
