using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Microsoft.Playwright;
using Npgsql;

namespace Dograh.Tests.WebConsole;

/// <summary>Takes the pictures of the docs: <c>./screenshots</c>. In a run of all tests they go nowhere, so that the script cannot rot.</summary>
public sealed class ScreenshotTests(TestServers servers)
{
    /// <summary>Where the pictures are put; nowhere that lasts unless set.</summary>
    public const string FolderVariable = "DOGRAH_SCREENSHOTS";

    // What happened just now is told as the hour before: charts of a minute show nothing.
    private const string SpreadSql =
        """
        CREATE TEMP TABLE spread AS
            SELECT organization_id, id, make_interval(secs => 40 + (row_number() OVER (ORDER BY id) * 7919) % 3500) AS ago
            FROM webhook_deliveries WHERE organization_id = $1 AND status <> 'pending';
        UPDATE webhook_delivery_listings AS l SET created_at = l.created_at - s.ago FROM spread AS s WHERE l.organization_id = s.organization_id AND l.id = s.id;
        UPDATE webhook_delivery_attempts AS a SET started_at = a.started_at - s.ago FROM spread AS s WHERE a.organization_id = s.organization_id AND a.delivery_id = s.id;
        UPDATE webhook_deliveries AS d SET created_at = d.created_at - s.ago, delivered_at = d.delivered_at - s.ago, updated_at = d.updated_at - s.ago
            FROM spread AS s WHERE d.organization_id = s.organization_id AND d.id = s.id;
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_page_has_its_picture()
    {
        var folder = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } given ? Path.GetFullPath(given) : servers.NewFolder("screenshots");
        await using var console = await RunningConsole.StartAsync(servers, ("Bins:Enabled", "true"), ("WebhookDelivery:CircuitMinimumAttempts", "20"));
        await using var crm = await Receiver.StartAsync();
        await using var billing = await Receiver.StartAsync();
        using var acme = await console.AddOrganizationAsync("Acme Collections");
        using var other = await console.AddOrganizationAsync("Northwind Clinics");
        var shown = await SeedAsync(console, acme, crm, billing);

        Shot[] shots =
        [
            new("overview", "/?window=1h"), new("overview", "/?window=1h", Screen.DesktopDark), new("overview", "/?window=1h", Screen.Phone),
            new("deliveries", "/deliveries"), new("deliveries", "/deliveries", Screen.DesktopDark), new("deliveries", "/deliveries", Screen.Phone),
            new("delivery", $"/deliveries/{shown.Delivery}"), new("delivery", $"/deliveries/{shown.Delivery}", Screen.PhoneDark),
            new("dead-letters", "/dead-letters"),
            new("workflows", "/workflows"), new("workflow", $"/workflows/{shown.Workflow}"), new("workflow", $"/workflows/{shown.Workflow}", Screen.DesktopDark),
            new("credentials", "/credentials"), new("keys", "/keys"), new("signing", "/signing"), new("audit", "/audit"),
            new("bins", "/bins"), new("bin", $"/bins/{shown.Bin}"), new("bin", $"/bins/{shown.Bin}", Screen.PhoneDark),
        ];
        foreach (var screen in shots.Select(shot => shot.Screen).Distinct())
        {
            await using var window = await console.OpenAsync(acme.Key, screen);
            foreach (var shot in shots.Where(shot => shot.Screen == screen)) await TakeAsync(window, shot, folder);
        }

        await using var nobody = await console.OpenAsync(key: null);
        await nobody.Page.GotoAsync("/sign-in");
        await TakeAsync(nobody, "sign-in", folder);
        await using var operators = await console.OpenAsync(RunningStack.AdminKey);
        await TakeAsync(operators, new Shot("organizations", "/organizations"), folder);

        var pictures = Directory.GetFiles(folder, "*.png");
        Assert.Equal(shots.Length + 2, pictures.Length);
        Assert.All(pictures, picture => Assert.InRange(new FileInfo(picture).Length, 5_000, 500_000));
    }

    private static async Task TakeAsync(BrowserWindow window, Shot shot, string folder)
    {
        await window.GoAsync(shot.Path);
        await Assertions.Expect(window.Page.Locator("main h1")).ToBeVisibleAsync();
        await Assertions.Expect(window.Page.Locator(".skeleton")).ToHaveCountAsync(0);
        await Assertions.Expect(window.Page.Locator(".note.error")).ToHaveCountAsync(0);
        await TakeAsync(window, shot.Name + shot.Screen switch { Screen.DesktopDark => "-dark", Screen.Phone => "-phone", Screen.PhoneDark => "-phone-dark", _ => "" }, folder);
    }

    private static Task TakeAsync(BrowserWindow window, string name, string folder) =>
        window.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png"), Animations = ScreenshotAnimations.Disabled, Caret = ScreenshotCaret.Hide });

    private static async Task<(long Workflow, Guid Delivery, Guid Bin)> SeedAsync(RunningConsole console, StackCaller acme, Receiver crm, Receiver billing)
    {
        var credential = (await acme.PostAsync("credentials", new { name = "CRM token", description = "Rotated each quarter", credential_type = "bearer_token", credential_data = new { token = "let-me-in" } })).GetProperty("uuid").GetString()!;
        await acme.PostAsync("credentials", new { name = "Billing key", credential_type = "api_key", credential_data = new { header_name = "X-Api-Key", api_key = "let-me-in-too" } });
        await acme.PostAsync("api-keys", new { name = "Call centre", scopes = new[] { "runs:write", "workflows:read" } });
        await acme.PostAsync("api-keys", new { name = "Dashboard", scopes = new[] { "deliveries:read" }, expires_at = "2031-01-01T00:00:00Z" });

        var template = new
        {
            call = "{{workflow_run_id}}", customer = "{{initial_context.first_name | customer}}", disposition = "{{gathered_context.call_disposition}}",
            agreed = "{{gathered_context.agreed}}", recording = "{{recording_url}}",
        };
        var reports = await acme.AddWorkflowAsync(crm.Url, ("credential_uuid", credential), ("payload_template", template), ("custom_headers", new[] { new { key = "X-Source", value = "voice" } }));
        var invoices = await acme.AddWorkflowAsync(new Uri(billing.Url.ToString().Replace("127.0.0.1", "localhost", StringComparison.Ordinal)), ("name", "Invoice the promise to pay"));

        // One in nine has to be sent twice; of the billing system's, none is let in.
        var sent = 0;
        crm.Answers(_ => Interlocked.Increment(ref sent) % 9 == 0 ? Reply.Status(503) : Reply.Ok);
        billing.Answers(Reply.Status(401, """{"error": "unknown key"}"""));
        string[] names = ["Ana", "Bo", "Chidi", "Dara", "Eun-ji", "Farid"];
        for (var i = 0; i < 180; i += 60)
        {
            var runs = Enumerable.Range(i, 60).Select(n => new
            {
                name = $"Call {4000 + n}", initial_context = new { first_name = names[n % names.Length] },
                gathered_context = new { call_disposition = n % 3 == 0 ? "promise_to_pay" : "user_hangup", agreed = n % 3 == 0 }, recording_url = $"https://recordings.example/{4000 + n}.wav",
            });
            await acme.PostAsync($"workflows/{reports}/completed-runs/batch", new { runs });
        }

        await acme.PostAsync($"workflows/{invoices}/completed-runs/batch", new { runs = Enumerable.Range(0, 24).Select(n => new { name = $"Call {5000 + n}", gathered_context = new { n } }) });

        // What the others are answered is not this one's.
        await Eventually.TrueAsync(async () => (await acme.GetAsync("deliveries?status=pending&limit=1")).GetProperty("items").GetArrayLength() == 0);
        crm.Answers(Reply.Status(503, "upstream is restarting"), Reply.Status(503), Reply.Ok);
        var told = await acme.CompleteAsync(reports, new { initial_context = new { first_name = "Ana" }, gathered_context = new { call_disposition = "promise_to_pay", agreed = true }, recording_url = "https://recordings.example/4711.wav" });
        await acme.ReachesAsync("succeeded", told);

        var bin = await acme.PostAsync("bins", new { name = "Try it", fail_times = 2, fail_status = 503 });
        var trial = await acme.AddWorkflowAsync(new Uri(bin.GetProperty("url").GetString()!), ("name", "To a bin"));
        await acme.ReachesAsync("succeeded", await acme.CompleteAsync(trial));

        await using var connection = new NpgsqlConnection(console.Database.ConnectionString);
        await connection.OpenAsync(Token);
        var organization = (await acme.GetAsync("me")).GetProperty("organization").GetProperty("id").GetInt64();
        foreach (var statement in SpreadSql.Split(";\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            await using var command = new NpgsqlCommand(statement.Replace("$1", $"{organization}", StringComparison.Ordinal), connection);
            await command.ExecuteNonQueryAsync(Token);
        }

        return (reports, told, bin.GetProperty("id").GetGuid());
    }

    private sealed record Shot(string Name, string Path, Screen Screen = Screen.Desktop);
}
