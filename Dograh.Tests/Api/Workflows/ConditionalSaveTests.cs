using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Workflows;

/// <summary>Saving a version on top of the one that was looked at, and of no other.</summary>
public sealed class ConditionalSaveTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task Whoever_says_which_version_they_have_seen_does_not_overwrite_another()
    {
        var acme = await Api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync()}";
        var seen = (await acme.GetAsync(path)).Header("ETag")!;

        var first = await SaveAsync(acme, path, "mine", seen);
        var second = await SaveAsync(acme, path, "theirs", seen);

        Assert.Equal((2, "\"2\""), (first.Is(200).Number("version"), first.Header("ETag")));
        Assert.Contains("Version 2", second.IsProblem(412).Text("detail"), StringComparison.Ordinal);
        Assert.Equal("mine", (await acme.GetAsync(path)).Is(200).Text("name"));
        Assert.Equal(3, (await SaveAsync(acme, path, "theirs", first.Header("ETag")!)).Is(200).Number("version"));
    }

    [Theory]
    [InlineData("*", 200)]
    [InlineData("\"7\", \"1\"", 200)]
    [InlineData("W/\"1\"", 412)]
    [InlineData("\"01\"", 412)]
    [InlineData("1", 422)]
    [InlineData("", 422)]
    public async Task A_condition_is_read_as_HTTP_has_it(string condition, int status)
    {
        var acme = await Api.NewOrganizationAsync();

        Assert.Equal(status, (await SaveAsync(acme, $"workflows/{await acme.AddWorkflowAsync()}", "x", condition)).Status);
    }

    [Fact]
    public async Task Of_those_who_save_upon_one_version_at_once_one_does()
    {
        var acme = await Api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync()}";

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(n => SaveAsync(acme, path, $"{n}", "\"1\"")));

        Assert.Equal([200, 412, 412, 412, 412, 412], answers.Select(answer => answer.Status).Order());
    }

    [Fact]
    public async Task A_list_says_when_a_version_was_saved()
    {
        var acme = await Api.NewOrganizationAsync();
        var path = $"workflows/{await acme.AddWorkflowAsync()}";
        var first = (await acme.GetAsync(path)).Is(200);
        Assert.Equal(first.Text("created_at"), first.Text("updated_at"));

        (await acme.PutAsync(path, Workflow())).Is(200);

        var item = (await acme.GetAsync("workflows")).Is(200).At("items/0");
        Assert.Equal(first.Text("created_at"), item.Text("created_at"));
        Assert.True(item.Time("updated_at") > item.Time("created_at"));
    }

    private static Task<ApiAnswer> SaveAsync(ApiCaller caller, string path, string name, string condition) =>
        caller.SendAsync(HttpMethod.Put, path, ApiCaller.Json(Named(name)), ("If-Match", condition));
}
