using Dograh.Tests.Support;

namespace Dograh.Tests.Api.Bins;

public sealed class BinsApiTests(ApiFixture fixture, TestServers servers) : ApiTest(fixture)
{
    [Fact]
    public async Task A_bin_has_an_address_and_answers_200_unless_told_otherwise()
    {
        var acme = await Api.NewOrganizationAsync();

        var bin = (await acme.PostAsync("bins", new { name = "mine" })).Is(201);

        Assert.Equal(["id", "name", "url", "fail_times", "fail_status", "status", "delay_ms", "retry_after_seconds", "received", "created_at", "updated_at"], bin.Names());
        Assert.Equal(new Uri(Api.Address, $"/bin/{bin.Text("id")}").AbsoluteUri, bin.Text("url"));
        Assert.Equal((0, 503, 200, 0, 0), (bin.Number("fail_times"), bin.Number("fail_status"), bin.Number("status"), bin.Number("delay_ms"), bin.Number("received")));
        Assert.Equal(0, bin.Number("retry_after_seconds"));
        // None of its bits is the time, or another bin's.
        Assert.Equal(4, bin.Uuid("id").Version);
        Assert.Equal(bin.ToString(), (await acme.GetAsync($"bins/{bin.Text("id")}")).Is(200).ToString());
        Assert.Equal(bin.ToString(), Assert.Single((await acme.GetAsync("bins")).Is(200).Items()).ToString());
    }

    [Fact]
    public async Task What_it_is_told_is_kept_and_what_it_is_not_told_stays()
    {
        var acme = await Api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine", fail_times = 2, fail_status = 429, status = 202, delay_ms = 5, retry_after_seconds = 7 })).Is(201).Text("id");

        var renamed = (await acme.PutAsync($"bins/{bin}", new { name = "ours" })).Is(200);
        var told = (await acme.PutAsync($"bins/{bin}", """{"fail_times": 3, "fail_status": 500, "status": 204, "delay_ms": 0, "retry_after_seconds": 0}""")).Is(200);

        Assert.Equal(("ours", 2, 429, 202, 5, 7), Told(renamed));
        Assert.Equal(("ours", 3, 500, 204, 0, 0), Told(told));
        Assert.True(told.Time("updated_at") > renamed.Time("created_at"));
        (await acme.PutAsync($"bins/{bin}", new { name = " " })).Blames("name");

        static (string Name, long FailTimes, long FailStatus, long Status, long Delay, long RetryAfter) Told(System.Text.Json.JsonElement bin) =>
            (bin.Text("name"), bin.Number("fail_times"), bin.Number("fail_status"), bin.Number("status"), bin.Number("delay_ms"), bin.Number("retry_after_seconds"));
    }

    [Theory]
    [InlineData("fail_times", -1)]
    [InlineData("fail_times", 1001)]
    [InlineData("fail_status", 299)]
    [InlineData("fail_status", 600)]
    [InlineData("status", 199)]
    [InlineData("status", 600)]
    [InlineData("delay_ms", -1)]
    [InlineData("delay_ms", 60_001)]
    [InlineData("retry_after_seconds", -1)]
    [InlineData("retry_after_seconds", 86_401)]
    public async Task What_makes_no_sense_is_refused_by_name(string field, int value)
    {
        var acme = await Api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine" })).Is(201).Text("id");

        (await acme.PostAsync("bins", $$"""{"{{field}}": {{value}}}""")).Blames("name", field);
        (await acme.PutAsync($"bins/{bin}", $$"""{"{{field}}": {{value}}}""")).Blames(field);
    }

    [Fact]
    public async Task An_organization_has_a_hundred_bins_at_most_also_if_it_makes_them_at_once()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.ExecuteAsync(
            "INSERT INTO request_bins (organization_id, id, name, received, fail_through, fail_status, status, delay_ms, retry_after_seconds) SELECT $1, gen_random_uuid(), 'x', 0, 0, 503, 200, 0, 0 FROM generate_series(1, 97)",
            acme.Id);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => acme.PostAsync("bins", new { name = "one more" })));

        Assert.Equal(3, answers.Count(answer => answer.Status == 201));
        Assert.All(answers.Where(answer => answer.Status != 201), answer => Assert.Contains("100", answer.IsProblem(409).Text("detail"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_same_idempotency_key_makes_one_bin()
    {
        var acme = await Api.NewOrganizationAsync();

        var first = (await acme.PostAsync("bins", new { name = "mine" }, "a key")).Is(201);
        var second = (await acme.PostAsync("bins", new { name = "mine" }, "a key")).Is(201);

        Assert.Equal(first.Text("id"), second.Text("id"));
        Assert.Single((await acme.GetAsync("bins")).Is(200).Items());
    }

    [Fact]
    public async Task Clearing_removes_what_it_got_and_deleting_takes_the_address_away()
    {
        var acme = await Api.NewOrganizationAsync();
        var bin = (await acme.PostAsync("bins", new { name = "mine" })).Is(201).Text("id");
        for (var n = 0; n < 3; n++) Assert.Equal(200, (await Api.Anonymous.PostAsync($"/bin/{bin}", "{}")).Status);

        Assert.Equal(204, (await acme.DeleteAsync($"bins/{bin}/requests")).Status);
        Assert.Empty((await acme.GetAsync($"bins/{bin}/requests")).Is(200).Items());
        Assert.Equal(200, (await Api.Anonymous.PostAsync($"/bin/{bin}", "{}")).Status);
        // They are numbered on: nobody takes the fourth for the first.
        Assert.Equal(4, Assert.Single((await acme.GetAsync($"bins/{bin}/requests")).Is(200).Items()).Number("number"));

        Assert.Equal(204, (await acme.DeleteAsync($"bins/{bin}")).Status);
        (await acme.GetAsync($"bins/{bin}/requests")).IsProblem(404);
        (await Api.Anonymous.PostAsync($"/bin/{bin}", "{}")).IsProblem(404);
        Assert.Equal(0, await Database.ScalarAsync<long>("SELECT count(*) FROM bin_requests WHERE organization_id = $1", acme.Id));
    }

    [Fact]
    public async Task Where_bins_are_off_making_one_says_how_to_turn_them_on_and_nothing_is_received()
    {
        await using var api = await ApiHost.StartAsync(servers, ("Bins:Enabled", null));
        var acme = await api.NewOrganizationAsync();

        var refused = await acme.PostAsync("bins", new { name = "mine" });

        Assert.Contains("BINS_ENABLED", refused.IsProblem(409).Text("detail"), StringComparison.Ordinal);
        Assert.Empty((await acme.GetAsync("bins")).Is(200).Items());
        var bin = Guid.NewGuid();
        await api.Database.ExecuteAsync(
            "INSERT INTO request_bins (organization_id, id, name, received, fail_through, fail_status, status, delay_ms, retry_after_seconds) VALUES ($1, $2, 'x', 0, 0, 503, 200, 0, 0)", acme.Id, bin);
        (await api.Anonymous.PostAsync($"/bin/{bin}", "{}")).IsProblem(404);
    }
}
