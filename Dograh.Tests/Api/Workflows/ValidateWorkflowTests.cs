using System.Text.Json.Nodes;
using static Dograh.Tests.Api.Workflows.GivenWorkflows;

namespace Dograh.Tests.Api.Workflows;

/// <summary><c>POST /workflows/validate</c>.</summary>
public sealed class ValidateWorkflowTests(ApiFixture fixture) : ApiTest(fixture)
{
    [Fact]
    public async Task It_says_what_saving_would_say_and_saves_nothing()
    {
        var acme = await Api.NewOrganizationAsync();
        var before = await Database.DumpAsync(acme.Id);
        var sound = Workflow(Webhook("hook", ("custom_headers", new JsonArray(Header("Authorization", "x")))));
        var unsound = Named("", Webhook("hook", ("endpoint_url", "receiver"), ("credential_uuid", Guid.Empty.ToString())));

        var valid = (await acme.PostAsync("workflows/validate", sound.DeepClone())).Is(200);
        var invalid = (await acme.PostAsync("workflows/validate", unsound.DeepClone())).Is(200);

        Assert.Equal(before, await Database.DumpAsync(acme.Id));
        Assert.Equal(["is_valid", "errors", "warnings"], valid.Names());
        Assert.True(valid.At("is_valid").GetBoolean());
        Assert.Empty(valid.At("errors").Names());
        Assert.Equal((await acme.PostAsync("workflows", sound)).Is(201).At("warnings").ToString(), valid.At("warnings").ToString());
        Assert.False(invalid.At("is_valid").GetBoolean());
        Assert.Equal((await acme.PostAsync("workflows", unsound)).IsProblem(422).At("errors").ToString(), invalid.At("errors").ToString());
    }

    [Fact]
    public async Task A_definition_may_be_asked_about_before_it_has_a_name()
    {
        var acme = await Api.NewOrganizationAsync();

        Assert.True((await acme.PostAsync("workflows/validate", """{"workflow_definition": {"nodes": []}}""")).Is(200).At("is_valid").GetBoolean());
        Assert.Equal(["/workflow_definition"], (await acme.PostAsync("workflows/validate", "{}")).Is(200).At("errors").Names());
    }
}
