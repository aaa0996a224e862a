using System.Text.Json;
using Dograh.WebConsole.Workflows;

namespace Dograh.Tests.WebConsole;

/// <summary>Editing a definition changes what was edited, and nothing else.</summary>
public sealed class WorkflowDraftTests
{
    private const string Definition =
        """
        {"zoom":1.50,"nodes":[{"type":"start","id":7,"x":1,"x":2,"n":1.0},5,null,{"note":1.00,"type":"webhook","id":"hook","data":{"more":[1.0,1e2],"name":"Hook","enabled":null,"http_method":"post","endpoint_url":"https://a.example/{{x}}","custom_headers":[{"note":1,"key":"X-A","value":"a"},{"key":"Authorization","value":null}],"payload_template":{"n":1.50,"ü":"<'+>"},"retry_config":{"max_attempts":3,"later":1}}},{"type":"Webhook"}],"edges":[{"source":"start","target":"hook"},{"source":"a","target":"b"}],"viewport":null}
        """;

    [Fact]
    public void What_is_not_edited_is_written_as_it_came() => Assert.Equal(Definition.Trim(), Read().BuildText());

    [Fact]
    public void What_is_edited_and_put_back_is_as_it_came()
    {
        var draft = Read();
        var hook = Assert.Single(draft.Webhooks);
        (hook.Name, hook.Method, hook.Template, hook.MaxAttempts, hook.IsEnabled) = ("x", "PUT", "", "", false);
        hook.Headers[0].Value = "b";
        Assert.NotEqual(Definition.Trim(), draft.BuildText());

        (hook.Name, hook.Method, hook.MaxAttempts, hook.IsEnabled) = ("Hook", "POST", "3", true);
        hook.Template = JsonSerializer.Serialize(JsonElement.Parse(Definition).GetProperty("nodes")[3].GetProperty("data").GetProperty("payload_template"), DefinitionDraft.Readable);
        hook.Headers[0].Value = "a";

        Assert.Equal(Definition.Trim(), draft.BuildText());
    }

    [Fact]
    public void Each_field_goes_to_its_member_and_members_of_others_stay()
    {
        var draft = Read();
        var hook = draft.Webhooks[0];
        (hook.Name, hook.IsEnabled, hook.Method, hook.Url, hook.Credential) = ("After", false, "GET", "https://b.example/", "0198c0de-7b1e-7c55-b1d4-2f6d1c0e9a11");
        (hook.MaxAttempts, hook.BaseDelaySeconds, hook.MaxDelaySeconds, hook.TimeoutSeconds) = ("", "0.5", "many", "");
        hook.Headers.RemoveAt(1);
        hook.Headers[0].Key = "X-B";
        hook.Headers.Add(new HeaderDraft { Key = "X-C", Value = "{{c}}" });
        hook.Template = """ {"q": "{{q}}", "n": 1.50} """;

        Assert.Equal(
            """{"more":[1.0,1e2],"name":"After","enabled":false,"http_method":"GET","endpoint_url":"https://b.example/","custom_headers":[{"note":1,"key":"X-B","value":"a"},{"key":"X-C","value":"{{c}}"}],"payload_template":{"q":"{{q}}","n":1.50},"retry_config":{"later":1,"base_delay_seconds":0.5,"max_delay_seconds":"many"},"credential_uuid":"0198c0de-7b1e-7c55-b1d4-2f6d1c0e9a11"}""",
            draft.Build().GetProperty("nodes")[3].GetProperty("data").GetRawText());
    }

    [Fact]
    public void A_node_is_added_at_the_end_with_an_id_of_its_own_and_removed_with_its_edges()
    {
        var draft = Read();
        var added = draft.Add();
        (added.Id, added.Name, added.Url) = ("hook-2", "Second", "https://b.example/");
        Assert.Equal(("/workflow_definition/nodes/3", "/workflow_definition/nodes/5"), (draft.PointerOf(draft.Webhooks[0]), draft.PointerOf(added)));
        Assert.Equal("webhook-1", draft.Add().Id);
        Assert.Equal("webhook-2", draft.Add().Id);
        draft.Remove(draft.Webhooks[0]);

        var built = draft.Build();

        Assert.Equal("""{"id":"hook-2","type":"webhook","data":{"name":"Second","endpoint_url":"https://b.example/"}}""", built.GetProperty("nodes")[4].GetRawText());
        Assert.Equal("""[{"source":"a","target":"b"}]""", built.GetProperty("edges").GetRawText());
        Assert.Same(added, draft.Find("/workflow_definition/nodes/4/data/name"));
        Assert.Null(draft.Find("/workflow_definition/nodes/0/data"));
        Assert.Null(draft.Find("name"));
    }

    [Theory]
    [InlineData("""{"nodes": [{"type": "webhook", "id": "a", "id": "b"}]}""")]
    [InlineData("""{"nodes": [], "x": 1, "x": 2}""")]
    [InlineData("""{"nodes": 5}""")]
    [InlineData("[]")]
    public void What_cannot_be_edited_node_by_node_is_said_to_be_so(string definition) =>
        Assert.Throws<FormatException>(() => new DefinitionDraft(JsonElement.Parse(definition)));

    [Theory]
    [InlineData("{\n  \"a\": 1,\n  b\n}", 3)]
    [InlineData("{", 1)]
    [InlineData("{}\n{}", 2)]
    [InlineData("{\"a\": {{x}}}", 1)]
    public void A_fault_in_a_template_has_its_line(string template, int line)
    {
        var fault = JsonFault.Find(template)!;

        Assert.Equal(line, fault.Line);
        Assert.NotEmpty(fault.Message);
        Assert.DoesNotContain("LineNumber", fault.Message, StringComparison.Ordinal);
        Assert.Null(JsonFault.Find("""{"a": "{{x}}"}"""));
        Assert.Null(JsonFault.Find(" "));
    }

    private static DefinitionDraft Read() => new(JsonElement.Parse(Definition));
}
