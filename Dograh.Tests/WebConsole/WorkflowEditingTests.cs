using System.Text.Json;
using System.Text.RegularExpressions;
using Dograh.Tests.Scenarios;
using Dograh.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Dograh.Tests.WebConsole;

/// <summary>Workflows in the console, from the empty list to the receiver's answer.</summary>
public sealed class WorkflowEditingTests(TestServers servers) : IAsyncLifetime
{
    private Receiver _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await Receiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _receiver.DisposeAsync();
    }

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    [InlineData(Screen.PhoneDark)]
    public async Task A_workflow_is_made_from_nothing(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key, screen);
        var page = window.Page;

        await window.GoAsync("/workflows");
        await Expect(page.GetByText("No workflows yet")).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "New workflow" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "New workflow" })).ToBeVisibleAsync();

        await page.GetByLabel("Workflow name").FillAsync("After the call");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Report to the CRM");
        await page.GetByLabel("Node id").FillAsync("crm");
        await page.GetByLabel("URL").FillAsync($"{_receiver.Url}?run={{{{workflow_run_id}}}}");
        await page.GetByLabel("Method").SelectOptionAsync("PUT");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add header" }).ClickAsync();
        await page.GetByLabel("Name 1").FillAsync("X-Source");
        await page.GetByLabel("Value 1").FillAsync("{{workflow_name}}");
        await page.GetByLabel("Payload template").FillAsync("""{"disposition": "{{gathered_context.call_disposition}}"}""");
        await page.GetByLabel("Attempts").FillAsync("3");
        await Expect(page.GetByText("Unsaved changes")).ToBeVisibleAsync();
        await Expect(page.Locator(".request-line")).ToHaveTextAsync($"PUT {_receiver.Url}?run=0");
        await Expect(page.GetByLabel("Body that would be sent")).ToContainTextAsync("\"disposition\": \"completed\"");
        await window.AssertAccessibleAsync();
        await SaveAsync(page);

        await Expect(page).ToHaveURLAsync(Pattern("/workflows/[0-9]+$"));
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "After the call" })).ToBeVisibleAsync();
        await Expect(page.GetByText("No runs yet")).ToBeVisibleAsync();
        var saved = (await acme.GetAsync("workflows")).GetProperty("items")[0];
        Assert.Equal(
            $$$$"""[{"id":"crm","type":"webhook","data":{"name":"Report to the CRM","endpoint_url":"{{{{_receiver.Url}}}}?run={{workflow_run_id}}","http_method":"PUT","custom_headers":[{"key":"X-Source","value":"{{workflow_name}}"}],"payload_template":{"disposition":"{{gathered_context.call_disposition}}"},"retry_config":{"max_attempts":3}}}]""",
            saved.GetProperty("workflow_definition").GetProperty("nodes").GetRawText());

        await window.GoAsync("/workflows");
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "After the call" });
        await Expect(row).ToContainTextAsync("Report to the CRM");
        await window.AssertAccessibleAsync();
        await row.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(page.GetByLabel("Node id")).ToHaveValueAsync("crm");
        await Expect(page.GetByLabel("Node id")).Not.ToBeEditableAsync();
    }

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.PhoneDark)]
    public async Task Faults_stand_at_their_fields_and_the_first_gets_the_focus(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "first", "second");
        await using var window = await console.OpenAsync(acme.Key, screen);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");

        await page.GetByRole(AriaRole.Button, new() { Name = "Node second" }).ClickAsync();
        await Expect(page.GetByLabel("Node id")).ToHaveValueAsync("second");
        await page.GetByLabel("URL").FillAsync("crm.example");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add header" }).ClickAsync();
        await page.GetByLabel("Name 1").FillAsync("not a name");
        await page.GetByLabel("Attempts").FillAsync("99");
        await page.GetByRole(AriaRole.Button, new() { Name = "Node first" }).ClickAsync();
        await Expect(page.GetByLabel("Node id")).ToHaveValueAsync("first");
        await SaveAsync(page);

        var url = page.GetByLabel("URL");
        await Expect(url).ToBeFocusedAsync();
        await Expect(page.GetByLabel("Node id")).ToHaveValueAsync("second");
        await Expect(url).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(url).ToHaveAccessibleDescriptionAsync(Pattern("must begin with http"));
        await Expect(page.GetByLabel("Name 1")).ToHaveAccessibleDescriptionAsync(Pattern("not a legal header name"));
        await Expect(page.GetByLabel("Attempts")).ToHaveAccessibleDescriptionAsync(Pattern("from 1 to 20"));
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("3 things are");
        await window.AssertAccessibleAsync();

        await page.GetByRole(AriaRole.Alert).GetByRole(AriaRole.Button, new() { Name = "max attempts" }).ClickAsync();
        await Expect(page.GetByLabel("Attempts")).ToBeFocusedAsync();
        await page.GetByLabel("Attempts").FillAsync("9");
        await url.FillAsync(_receiver.Url.ToString());
        await page.GetByLabel("Name 1").FillAsync("X-Fine");
        await Expect(page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
        await SaveAsync(page);
        await Expect(page.GetByText("Version 2, saved")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Warnings_are_shown_as_a_header_looks_like_a_secret()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");

        await page.GetByRole(AriaRole.Button, new() { Name = "Add header" }).ClickAsync();
        await page.GetByLabel("Name 1").FillAsync("Authorization");
        await page.GetByLabel("Value 1").FillAsync("Bearer s3cr3t");
        await Expect(page.Locator(".messages")).ToContainTextAsync("looks like a secret");
        await SaveAsync(page);

        await Expect(page.GetByText("Version 2, saved")).ToBeVisibleAsync();
        await Expect(page.GetByLabel("Value 1")).ToHaveValueAsync("");
        await Expect(page.Locator(".messages")).ToContainTextAsync("looks like a secret");
        await window.AssertAccessibleAsync();
    }

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.Phone)]
    public async Task Names_are_completed_while_a_placeholder_is_written(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await CompleteAsync(acme, workflow, new { customer = "Ana", customer_id = 7, said = "yes" });
        await using var window = await console.OpenAsync(acme.Key, screen);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");
        await page.Locator("[data-attached]").WaitForAsync();
        var list = page.GetByRole(AriaRole.Listbox, new() { Name = "Names" });
        var url = page.GetByRole(AriaRole.Combobox, new() { Name = "URL" });

        await url.FillAsync("");
        await url.PressSequentiallyAsync($"{_receiver.Url}?c={{{{cust");
        await Expect(list.GetByRole(AriaRole.Option)).ToHaveCountAsync(2);
        await Expect(url).ToHaveAttributeAsync("aria-expanded", "true");
        await Expect(list.GetByRole(AriaRole.Option, new() { Selected = true })).ToContainTextAsync("Ana");
        await window.AssertAccessibleAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(list.GetByRole(AriaRole.Option, new() { Selected = true })).ToContainTextAsync("gathered_context.customer_id");
        Assert.Equal(await list.GetByRole(AriaRole.Option, new() { Selected = true }).GetAttributeAsync("id"), await url.GetAttributeAsync("aria-activedescendant"));
        await page.Keyboard.PressAsync("Enter");
        await Expect(url).ToHaveValueAsync($"{_receiver.Url}?c={{{{gathered_context.customer_id}}}}");
        await Expect(list).ToBeHiddenAsync();
        await Expect(url).ToHaveAttributeAsync("aria-expanded", "false");
        await Expect(page.Locator(".request-line")).ToContainTextAsync("?c=7");

        // In the template, by the mouse; and Escape closes the list and nothing else.
        var template = page.GetByLabel("Payload template");
        await template.FillAsync("");
        await template.PressSequentiallyAsync("{\n\"who\": \"{{said");
        await list.GetByRole(AriaRole.Option).ClickAsync();
        await template.PressSequentiallyAsync("\",\n\"at\": \"{{current_t");
        await Expect(list).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(list).ToBeHiddenAsync();
        await template.PressSequentiallyAsync("ime}}\"");
        await Expect(template).ToHaveValueAsync("{\n  \"who\": \"{{gathered_context.said}}\",\n  \"at\": \"{{current_time}}\"\n}".Replace("\"\n}", "\"", StringComparison.Ordinal));
        await page.Keyboard.PressAsync("Enter");
        await template.PressSequentiallyAsync("}");
        await Expect(template).ToHaveValueAsync("{\n  \"who\": \"{{gathered_context.said}}\",\n  \"at\": \"{{current_time}}\"\n}");
        await Expect(page.GetByLabel("Body that would be sent")).ToContainTextAsync("\"who\": \"yes\"");
        await page.Keyboard.PressAsync("Tab");
        await Expect(template).Not.ToBeFocusedAsync();
    }

    [Fact]
    public async Task A_template_that_is_no_JSON_says_in_which_line_and_is_not_saved()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");
        var template = page.GetByLabel("Payload template");

        await template.FillAsync("{\n  \"a\": 1,\n  b: 2\n}");
        await Expect(template).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(template).ToHaveAccessibleDescriptionAsync(Pattern("^Line 3: "));
        await Expect(page.GetByText("no preview while a template is no JSON")).ToBeVisibleAsync();
        await window.AssertAccessibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Go to line 3" }).ClickAsync();
        await Expect(template).ToBeFocusedAsync();
        Assert.Equal("  b: 2", await template.EvaluateAsync<string>("field => field.value.slice(field.selectionStart, field.selectionEnd)"));
        await page.Keyboard.PressAsync("Control+s");
        await Expect(template).ToBeFocusedAsync();
        Assert.Equal(1, (await acme.GetAsync($"workflows/{workflow}")).GetProperty("version").GetInt32());

        await template.FillAsync("""{"a":1,"b":[2,3]}""");
        await page.GetByRole(AriaRole.Button, new() { Name = "Format" }).ClickAsync();
        await Expect(template).ToHaveValueAsync("{\n  \"a\": 1,\n  \"b\": [\n    2,\n    3\n  ]\n}");
        await template.PressAsync("Control+s");
        await Expect(page.GetByText("Version 2, saved")).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.PhoneDark)]
    public async Task A_preview_follows_the_draft_for_a_sample_and_for_a_past_run(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var credential = (await acme.PostAsync("credentials", new { name = "CRM token", credential_type = "bearer_token", credential_data = new { token = "s3cr3t-of-the-crm" } })).GetProperty("uuid").GetString();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await CompleteAsync(acme, workflow, new { said = "no" });
        var run = await CompleteAsync(acme, workflow, new { said = "yes" });
        await using var window = await console.OpenAsync(acme.Key, screen);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");

        // The latest run is what it is shown for to begin with.
        await Expect(page.GetByLabel("For", new() { Exact = true })).ToHaveValueAsync($"{run}");
        await page.GetByLabel("Payload template").FillAsync("""{"said": "{{gathered_context.said}}", "by": "{{gathered_context.agent}}"}""");
        await Expect(page.GetByLabel("Body that would be sent")).ToContainTextAsync("\"said\": \"yes\"");
        await Expect(page.Locator(".missing")).ToContainTextAsync("gathered_context.agent");
        await page.GetByLabel("Credential").SelectOptionAsync(new SelectOptionValue { Value = credential });
        await page.GetByText(" headers").First.ClickAsync();
        await Expect(page.Locator(".rehearsal dl")).ToContainTextAsync("Authorization");
        await Expect(page.Locator(".rehearsal dl")).ToContainTextAsync("***");
        Assert.DoesNotContain("s3cr3t", await page.ContentAsync(), StringComparison.Ordinal);
        await window.AssertAccessibleAsync();

        await page.GetByLabel("For", new() { Exact = true }).SelectOptionAsync("");
        await page.GetByLabel("The sample call").FillAsync("""{"gathered_context": {"said": "perhaps", "agent": "Bot"}}""");
        await Expect(page.GetByLabel("Body that would be sent")).ToContainTextAsync("\"said\": \"perhaps\"");
        await Expect(page.Locator(".missing")).ToHaveCountAsync(0);
        await page.GetByLabel("The sample call").FillAsync("{\n\"gathered_context\"\n}");
        await Expect(page.GetByLabel("The sample call")).ToHaveAccessibleDescriptionAsync(Pattern("^Line 3"));
        await window.AssertAccessibleAsync();
        Assert.Equal(2, _receiver.Requests.Count(request => request.Header("X-Dograh-Test") is null) + (await acme.GetAsync("deliveries?status=pending")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData(Screen.DesktopDark)]
    [InlineData(Screen.Phone)]
    public async Task A_test_is_sent_and_the_receivers_answer_shown(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await using var window = await console.OpenAsync(acme.Key, screen);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");
        _receiver.Answers(Reply.Status(422, """{"error": "no such customer"}""").With("X-Why", "because"), Reply.Status(200, "thanks"));

        // What is in the form, not what is saved.
        await page.GetByLabel("Payload template").FillAsync("""{"said": "{{gathered_context.call_disposition}}"}""");
        await Expect(page.GetByLabel("Body that would be sent")).ToContainTextAsync("\"said\": \"completed\"");
        await page.GetByRole(AriaRole.Button, new() { Name = "Send test" }).ClickAsync();
        var answer = page.Locator(".answer");
        await Expect(answer).ToContainTextAsync("HTTP 422");
        await Expect(page.GetByLabel("Body of the answer")).ToContainTextAsync("no such customer");
        await answer.GetByText(" headers").ClickAsync();
        await Expect(answer.Locator("dl")).ToContainTextAsync("because");
        await window.AssertAccessibleAsync();
        var request = Assert.Single(_receiver.Requests);
        Assert.Equal(("workflow.test", """{"said":"completed","call_disposition":"completed"}"""), (request.Header("X-Dograh-Test"), request.Text));

        await page.GetByRole(AriaRole.Button, new() { Name = "Send test" }).ClickAsync();
        await Expect(answer).ToContainTextAsync("HTTP 200");
        await Expect(page.GetByLabel("Body of the answer")).ToContainTextAsync("thanks");
        await window.AssertAccessibleAsync();
        Assert.Empty((await acme.GetAsync("deliveries")).GetProperty("items").EnumerateArray());
        Assert.Equal(1, (await acme.GetAsync($"workflows/{workflow}")).GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Whoever_saved_meanwhile_is_not_overwritten_unawares()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await using var mine = await console.OpenAsync(acme.Key);
        await using var theirs = await console.OpenAsync(acme.Key, Screen.Phone);
        await mine.GoAsync($"/workflows/{workflow}");
        await theirs.GoAsync($"/workflows/{workflow}");

        await theirs.Page.GetByLabel("Workflow name").FillAsync("Theirs");
        await SaveAsync(theirs.Page);
        await Expect(theirs.Page.GetByText("Version 2, saved")).ToBeVisibleAsync();
        await mine.Page.GetByLabel("Workflow name").FillAsync("Mine");
        await SaveAsync(mine.Page);

        await Expect(mine.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Somebody saved version 2 (“Theirs”)");
        await Expect(mine.Page.GetByLabel("Workflow name")).ToHaveValueAsync("Mine");
        await mine.AssertAccessibleAsync();
        Assert.Equal("Theirs", (await acme.GetAsync($"workflows/{workflow}")).GetProperty("name").GetString());
        await mine.Page.GetByRole(AriaRole.Button, new() { Name = "Save mine as version 3" }).ClickAsync();
        await Expect(mine.Page.GetByText("Version 3, saved")).ToBeVisibleAsync();
        Assert.Equal("Mine", (await acme.GetAsync($"workflows/{workflow}")).GetProperty("name").GetString());

        await theirs.Page.GetByLabel("Workflow name").FillAsync("Theirs again");
        await SaveAsync(theirs.Page);
        await theirs.Page.GetByRole(AriaRole.Button, new() { Name = "Show theirs, drop mine" }).ClickAsync();
        await Expect(theirs.Page.GetByLabel("Workflow name")).ToHaveValueAsync("Mine");
        await Expect(theirs.Page.GetByText("Version 3, saved")).ToBeVisibleAsync();
        await Expect(theirs.Page.GetByText("Unsaved changes")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Unsaved_changes_are_not_left_behind_unawares()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync("/workflows");
        await page.GetByRole(AriaRole.Link, new() { Name = "After the call" }).ClickAsync();
        await page.GetByLabel("Workflow name").FillAsync("Changed");
        await Expect(page.GetByText("Unsaved changes")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Workflows" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Leave without saving?");
        await window.AssertAccessibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep as it is" }).ClickAsync();
        await Expect(page.GetByLabel("Workflow name")).ToHaveValueAsync("Changed");

        // A reload is the browser's to ask about.
        var asked = new TaskCompletionSource<string>();
        page.Dialog += (_, dialog) =>
        {
            asked.TrySetResult(dialog.Type);
            _ = dialog.DismissAsync();
        };
        await page.EvaluateAsync("setTimeout(() => location.assign('/scalar'), 0)");
        Assert.Equal("beforeunload", await asked.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        await Expect(page.GetByLabel("Workflow name")).ToHaveValueAsync("Changed");

        await page.GetByRole(AriaRole.Link, new() { Name = "Workflows" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new Uri(console.Stack.Url, "/workflows").ToString());
        Assert.Equal("After the call", (await acme.GetAsync($"workflows/{workflow}")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Nodes_are_added_and_removed_and_what_the_console_does_not_know_is_kept()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        const string Start = """{"id":"start","type":"start","x":[1.50,{"y":null}]}""";
        var workflow = (await acme.PostAsync("workflows", JsonElement.Parse(
            $$$$"""{"name": "After the call", "workflow_definition": {"zoom": 1.0, "nodes": [{{{{Start}}}}, {"id": "a", "type": "webhook", "position": 1, "data": {"name": "Node a", "endpoint_url": "{{{{_receiver.Url}}}}"}}, {"id": "b", "type": "webhook", "data": {"name": "Node b", "endpoint_url": "{{{{_receiver.Url}}}}", "colour": "red"}}], "edges": [{"source": "start", "target": "a"}, {"source": "start", "target": "b"}]}}"""))).GetProperty("id").GetInt64();
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");
        await Expect(page.GetByText("One node of other types is kept as it is")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Remove this node" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove node" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Node a" })).ToHaveCountAsync(0);
        await page.GetByLabel("Enabled").UncheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add webhook node" }).ClickAsync();
        await Expect(page.GetByLabel("Name", new() { Exact = true })).ToBeFocusedAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Node c");
        await page.GetByLabel("URL").FillAsync("https://c.example/");
        await SaveAsync(page);
        await Expect(page.GetByText("Version 2, saved")).ToBeVisibleAsync();

        Assert.Equal(
            $$$$"""{"zoom":1.0,"nodes":[{{{{Start}}}},{"id":"b","type":"webhook","data":{"name":"Node b","endpoint_url":"{{{{_receiver.Url}}}}","colour":"red","enabled":false}},{"id":"webhook-1","type":"webhook","data":{"name":"Node c","endpoint_url":"https://c.example/"}}],"edges":[{"source":"start","target":"b"}]}""",
            (await acme.GetAsync($"workflows/{workflow}")).GetProperty("workflow_definition").GetRawText());
    }

    [Theory]
    [InlineData(Screen.Desktop)]
    [InlineData(Screen.Phone)]
    public async Task Nothing_jumps_as_the_pages_come_to_life(Screen screen)
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = (await acme.PostAsync("workflows", new
        {
            name = "After the call",
            workflow_definition = new
            {
                nodes = new[] { new { id = "hook", type = "webhook", data = new { name = "Hook", endpoint_url = _receiver.Url, custom_headers = new[] { new { key = "X-Api-Key", value = "x" } }, payload_template = "{{extra.missing}}" } } },
            },
        })).GetProperty("id").GetInt64();
        for (var n = 0; n < 3; n++) await CompleteAsync(acme, workflow, new { n });
        await using var window = await console.OpenAsync(acme.Key, screen);
        var page = window.Page;
        await page.AddInitScriptAsync(
            "window.shifted = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => window.shifted += entry.value)).observe({ type: 'layout-shift', buffered: true });");

        await window.GoAsync("/workflows");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "After the call" })).ToBeVisibleAsync();
        Assert.InRange(await page.EvaluateAsync<double>("shifted"), 0, 0.01);

        await window.GoAsync($"/workflows/{workflow}");
        await page.Locator("[data-attached]").WaitForAsync();
        await Expect(page.Locator(".result[aria-busy=false]")).ToBeVisibleAsync();
        await Expect(page.Locator(".missing")).ToContainTextAsync("extra.missing");
        await Expect(page.Locator(".messages")).ToContainTextAsync("looks like a secret");
        Assert.InRange(await page.EvaluateAsync<double>("shifted"), 0, 0.01);
    }

    [Fact]
    public async Task A_template_as_long_as_the_API_takes_is_edited_like_any_other()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await using var window = await console.OpenAsync(acme.Key);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");
        var text = new string('x', 200_000);

        await page.GetByLabel("Payload template").FillAsync($$"""{"text": "{{text}}"}""");
        await Expect(page.GetByLabel("Body that would be sent")).ToContainTextAsync("\"text\"");
        await SaveAsync(page);

        await Expect(page.GetByText("Version 2, saved")).ToBeVisibleAsync();
        Assert.Equal(text, (await acme.GetAsync($"workflows/{workflow}")).GetProperty("workflow_definition").GetProperty("nodes")[0].GetProperty("data").GetProperty("payload_template").GetProperty("text").GetString());
        await window.GoAsync($"/workflows/{workflow}");
        await Expect(page.GetByText("Saved", new() { Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Runs_are_listed_with_the_way_to_their_deliveries()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        var runs = new List<long>();
        for (var n = 0; n < 12; n++) runs.Add(await CompleteAsync(acme, workflow, new { n }));
        await using var window = await console.OpenAsync(acme.Key, Screen.Phone);
        var page = window.Page;
        await window.GoAsync($"/workflows/{workflow}");

        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Deliveries of run" })).ToHaveCountAsync(10);
        await page.GetByRole(AriaRole.Button, new() { Name = "Older runs" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Deliveries of run" })).ToHaveCountAsync(12);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Older runs" })).ToHaveCountAsync(0);
        Assert.Equal($"/deliveries?workflow_run_id={runs[0]}", await page.GetByRole(AriaRole.Link, new() { Name = $"Deliveries of run {runs[0]}", Exact = true }).GetAttributeAsync("href"));
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task What_a_keys_scopes_do_not_allow_is_not_offered()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        var workflow = await AddWorkflowAsync(acme, "hook");
        await CompleteAsync(acme, workflow, new { said = "a secret of a call" });
        var key = (await acme.PostAsync("api-keys", new { name = "reader", scopes = (string[])["workflows:read"] })).GetProperty("api_key").GetString()!;
        await using var window = await console.OpenAsync(key);
        var page = window.Page;

        await window.GoAsync("/workflows");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "After the call" })).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "New workflow" })).ToHaveCountAsync(0);
        await window.GoAsync($"/workflows/{workflow}");
        await Expect(page.Locator(".request-line")).ToHaveTextAsync($"POST {_receiver.Url}");
        await Expect(page.GetByLabel("URL")).ToBeDisabledAsync();
        foreach (var name in (string[])["Save", "Add webhook node", "Remove this node", "Send test"]) await Expect(page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true })).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Latest runs" })).ToHaveCountAsync(0);
        Assert.DoesNotContain("a secret of a call", await page.ContentAsync(), StringComparison.Ordinal);
        await window.AssertAccessibleAsync();
    }

    [Fact]
    public async Task A_workflow_that_is_not_there_is_said_not_to_be()
    {
        var console = await servers.ConsoleAsync();
        using var acme = await console.AddOrganizationAsync();
        await using var window = await console.OpenAsync(acme.Key);

        await window.GoAsync("/workflows/999999999");

        await Expect(window.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("There is no such workflow");
        await window.AssertAccessibleAsync();
    }

    private async Task<long> AddWorkflowAsync(StackCaller acme, params string[] nodes) => (await acme.PostAsync("workflows", new
    {
        name = "After the call",
        workflow_definition = new
        {
            edges = Array.Empty<object>(),
            nodes = nodes.Select(id => new { id, type = "webhook", data = new { name = $"Node {id}", endpoint_url = _receiver.Url.ToString() } }),
        },
    })).GetProperty("id").GetInt64();

    private static async Task<long> CompleteAsync(StackCaller acme, long workflow, object gathered) =>
        (await acme.PostAsync($"workflows/{workflow}/completed-runs", new { name = "A call", gathered_context = gathered })).GetProperty("id").GetInt64();

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.None, TimeSpan.FromSeconds(1));

    private static Task SaveAsync(IPage page) => page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
}
