using Dograh.Tests.Support;

namespace Dograh.Tests.Api;

public sealed class MigrateCommandTests(TestServers servers)
{
    [Fact]
    public async Task It_applies_all_migrations_and_takes_them_down_again()
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        var settings = ApiProcess.Settings(database.ConnectionString);

        await using (var up = await ApiProcess.StartAsync(servers, settings, "migrate"))
        {
            Assert.True(await up.EndedAsync() == 0, up.Output);
            Assert.Contains("The database is at the newest migration.", up.Output, StringComparison.Ordinal);
        }

        Assert.NotEqual(0, await TablesAsync(database));
        await database.AddAsync(Given.ADelivery());

        await using (var again = await ApiProcess.StartAsync(servers, settings, "migrate")) Assert.True(await again.EndedAsync() == 0, again.Output);
        Assert.Single(await database.DeliveriesAsync());

        await using var down = await ApiProcess.StartAsync(servers, settings, "migrate", "0");
        Assert.True(await down.EndedAsync() == 0, down.Output);
        Assert.Equal(0, await TablesAsync(database));
    }

    [Theory]
    [InlineData("migrate")]
    [InlineData("migrate", "NoSuchMigration")]
    public async Task What_cannot_be_done_ends_in_a_sentence_and_an_exit_code(params string[] arguments)
    {
        await using var database = await servers.CreateEmptyDatabaseAsync();
        var settings = ApiProcess.Settings(arguments.Length > 1 ? database.ConnectionString : "Host=127.0.0.1;Port=1;Database=x;Username=x;Password=x");

        await using var process = await ApiProcess.StartAsync(servers, settings, arguments);

        Assert.NotEqual(0, await process.EndedAsync());
        Assert.Contains("The migrations were not applied: ", process.Output, StringComparison.Ordinal);
        Assert.Equal(0, await TablesAsync(database, but: "__EFMigrationsHistory"));
    }

    private static Task<long> TablesAsync(TestDatabase database, string but = "") =>
        database.ScalarAsync<long>("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> $1", but);
}
