using System.Text.Json;
using Dograh.Tests.Api;
using Dograh.Tests.Support;

namespace Dograh.Tests.Cli;

public sealed class DoctorCommandTests(TestServers servers) : CliTest(servers)
{
    [Fact]
    public async Task With_all_well_it_says_so()
    {
        await StartWorkerAsync();
        await ReachesAsync(await AddDeliveryAsync(await AddWorkflowAsync()), "succeeded");

        var shown = (await Cli.RunAsync("doctor")).Is(0);
        var json = (await Cli.RunAsync("doctor", "--json")).Is(0).Json();

        Assert.All(shown.Lines[..^1], line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        Assert.Equal("All well.", shown.Lines[^1]);
        Assert.Equal(
            ["login", "server", "stores", "clock", "key", "scopes", "workers", "circuits", "dead letters", "egress"],
            json.At("findings").EnumerateArray().Select(finding => finding.Text("check")));
        Assert.True(json.GetProperty("is_well").GetBoolean());
    }

    [Fact]
    public async Task Nobody_signed_in_a_server_that_is_away_and_a_wrong_key_are_failures_with_what_to_do()
    {
        Assert.Equal(("login", "failure"), await FailureAsync(NewProgram()));
        Cli.Environment["DOGRAH_API_KEY"] = "nonsense";
        Assert.Equal(("key", "failure"), await FailureAsync(Cli));
        Cli.Environment["DOGRAH_URL"] = "http://127.0.0.1:1";
        Assert.Equal(("server", "failure"), await FailureAsync(Cli));
    }

    [Fact]
    public async Task A_key_that_others_can_read_is_a_failure()
    {
        var cli = NewProgram();
        (await cli.RunAsync($"{Acme.Key}\n", ["login", "--url", Api.Address.AbsoluteUri, "--key-stdin"])).Is(0);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(cli.LoginFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        Assert.Contains("chmod 600", (await cli.RunAsync("doctor")).Is(1).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_away_is_a_warning_and_a_database_that_is_not_migrated_a_failure()
    {
        await using var database = await Servers.CreateEmptyDatabaseAsync();
        await using var withoutRedis = await ApiHost.StartAsync(Database, TestWorker.NoRedis);
        await using var notMigrated = await ApiHost.StartAsync(database, Redis.ConnectionString);

        Cli.Environment["DOGRAH_URL"] = withoutRedis.Address.AbsoluteUri;
        var degraded = (await Cli.RunAsync("doctor", "--json")).Is(0).Json();
        Cli.Environment["DOGRAH_URL"] = notMigrated.Address.AbsoluteUri;

        Assert.Equal("warning", Level(degraded, "stores"));
        Assert.Equal(("stores", "failure"), await FailureAsync(Cli));
    }

    [Fact]
    public async Task A_key_that_ends_soon_and_may_little_is_a_warning()
    {
        var key = (await Acme.PostAsync("api-keys", new { name = "short", scopes = (string[])["deliveries:read"], expires_at = TimeProvider.System.GetUtcNow().AddDays(2) })).Is(201);
        Cli.Environment["DOGRAH_API_KEY"] = key.Text("api_key");

        var json = (await Cli.RunAsync("doctor", "--json")).Is(0).Json();

        Assert.Equal(("warning", "warning"), (Level(json, "key"), Level(json, "scopes")));
        Assert.Contains("runs:write", Finding(json, "scopes").Text("found"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dead_letters_and_what_egress_refused_are_failures()
    {
        Receiver.Answers(401);
        await StartWorkerAsync(("Egress:AllowedNetworks", null));
        await ReachesAsync(await AddDeliveryAsync(await AddWorkflowAsync()), "dead_letter");

        var json = (await Cli.RunAsync("doctor", "--json")).Is(1).Json();

        Assert.Equal(("failure", "failure"), (Level(json, "dead letters"), Level(json, "egress")));
        Assert.Contains("Egress:AllowedNetworks", Finding(json, "egress").Text("advice"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_due_for_long_and_an_open_circuit_are_failures()
    {
        Receiver.Answers(503);
        var workflow = await AddWorkflowAsync();
        for (var i = 0; i < 3; i++) await AddDeliveryAsync(workflow);
        await using (var worker = await TestWorker.StartAsync(
            Database, Redis.ConnectionString, ("WebhookDelivery:CircuitMinimumAttempts", 2), ("WebhookDelivery:CircuitBreakSeconds", 300), ("WebhookDelivery:BaseDelaySeconds", 1)))
        {
            await Eventually.TrueAsync(async () => (await Acme.GetAsync("stats")).Is(200).At("endpoints").EnumerateArray().Any(x => x.Text("circuit") != "closed"));
            var open = (await Cli.RunAsync("doctor", "--json")).Is(1).Json();
            Assert.Equal("failure", Level(open, "circuits"));
            Assert.Contains("127.0.0.1", Finding(open, "circuits").Text("found"), StringComparison.Ordinal);
        }

        await Database.ExecuteAsync("UPDATE webhook_deliveries SET scheduled_for = now() - interval '10 minutes' WHERE status = 'pending'");

        Assert.Equal("failure", Level((await Cli.RunAsync("doctor", "--json")).Is(1).Json(), "workers"));
    }

    [Theory]
    [InlineData(-10, "failure")]
    [InlineData(10, "failure")]
    [InlineData(-0.5, "warning")]
    [InlineData(0.5, "warning")]
    [InlineData(0, "ok")]
    public async Task A_clock_that_is_off_is_told(double minutes, string level)
    {
        Receiver.Answers(request => request.Path == "/health"
            ? Reply.Status(200, "Healthy").With("Date", TimeProvider.System.GetUtcNow().AddMinutes(minutes).ToString("R"))
            : Reply.Status(401, """{"title": "Unauthorized"}""").With("Content-Type", "application/problem+json"));
        Cli.Environment["DOGRAH_URL"] = Receiver.At("/").AbsoluteUri;

        Assert.Equal(level, Level((await Cli.RunAsync("doctor", "--json")).Is(1).Json(), "clock"));
    }

    private static JsonElement Finding(JsonElement report, string check) => report.At("findings").EnumerateArray().Single(finding => finding.Text("check") == check);

    private static string Level(JsonElement report, string check) => Finding(report, check).Text("level");

    // The last finding: nothing is looked at beyond it. It says what to do.
    private static async Task<(string Check, string Level)> FailureAsync(CliProgram cli)
    {
        var last = (await cli.RunAsync("doctor", "--json")).Is(1).Json().At("findings").EnumerateArray().Last();
        Assert.NotEmpty(last.Text("advice"));
        return (last.Text("check"), last.Text("level"));
    }
}
