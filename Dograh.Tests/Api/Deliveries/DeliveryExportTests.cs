using System.Text;
using System.Text.Json;
using Dograh.Api.Deliveries;
using Dograh.Tests.Support;
using Dograh.Webhooks.Deliveries;
using static Dograh.Tests.Support.Given;

namespace Dograh.Tests.Api.Deliveries;

public sealed class DeliveryExportTests(ApiFixture fixture) : ApiTest(fixture)
{
    private const string Columns =
        "id,status,workflow_id,workflow_run_id,webhook_node_id,webhook_name,http_method,endpoint_url,attempt_count,max_attempts,scheduled_for,last_status_code,last_error,credential_uuid,trace_id,created_at,"
        + "updated_at,delivered_at";

    [Fact]
    public async Task All_that_match_are_written_newest_first_with_their_number_ahead()
    {
        var acme = await Api.NewOrganizationAsync();
        var run = await Database.AddRunAsync(acme.Id);
        await Database.AddManyAsync(run, 2_500, "503");
        await Database.AddAsync(3, ADelivery().Of(run).In(DeliveryStatus.Cancelled));
        await Database.AddAsync(ADelivery());

        var csv = await acme.GetAsync("deliveries/export?format=csv&status=pending");
        var json = await acme.GetAsync("deliveries/export?format=ndjson");

        Assert.Equal((200, "text/csv; charset=utf-8", "2500", "attachment; filename=\"deliveries.csv\""), (csv.Status, csv.Header("Content-Type"), csv.Header("X-Dograh-Count"), csv.Header("Content-Disposition")));
        var lines = csv.Body.Split("\r\n");
        Assert.Equal((Columns, 2502, ""), (lines[0], lines.Length, lines[^1]));
        Assert.Equal(2500, lines[1..^1].Distinct().Count());
        Assert.Equal((200, "application/x-ndjson; charset=utf-8", "2503"), (json.Status, json.Header("Content-Type"), json.Header("X-Dograh-Count")));
        var listed = new List<string>();
        for (var cursor = ""; cursor is not null;)
        {
            var page = (await acme.GetAsync($"deliveries?limit=200{cursor}")).Is(200);
            listed.AddRange(page.Items().Select(item => item.GetRawText()));
            cursor = page.IsNull("next_cursor") ? null : $"&cursor={page.Text("next_cursor")}";
        }

        Assert.Equal(listed, json.Body.Split('\n')[..^1]);
    }

    [Fact]
    public async Task A_line_has_what_the_list_shows()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.AddAsync(ADelivery().Of(await Database.AddRunAsync(acme.Id)).FromNode("=cmd|' /C calc'!A0").To(new Uri("https://crm.example/a?b=\"c\",d")).In(DeliveryStatus.DeadLetter).FailedWith(401, "HTTP 401: \"no\",\nnever"));

        var item = (await acme.GetAsync("deliveries")).Is(200).At("items/0");
        var csv = await acme.GetAsync("deliveries/export?format=csv");

        Assert.Equal(
            $"{Columns}\r\n{item.Text("id")},dead_letter,{item.Number("workflow_id")},{item.Number("workflow_run_id")},'=cmd|' /C calc'!A0,A webhook,POST,\"https://crm.example/a?b=\"\"c\"\",d\","
            + $"0,5,{item.Text("scheduled_for")},401,\"HTTP 401: \"\"no\"\",\nnever\",,,{item.Text("created_at")},{item.Text("updated_at")},\r\n",
            csv.Body);
    }

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData("＝1", "'＝1")]
    [InlineData("=\"a\"", "\"'=\"\"a\"\"\"")]
    [InlineData("1=1", "1=1")]
    [InlineData(" a, b", "\" a, b\"")]
    [InlineData("", "")]
    [InlineData(null, "")]
    [InlineData(-1, "-1")]
    [InlineData(1.5, "1.5")]
    public void A_text_that_would_be_a_formula_is_a_text(object? cell, string written)
    {
        var output = new StringBuilder();
        CsvWriter.AppendLine(output, [cell, "x"]);

        Assert.Equal($"{written},x\r\n", output.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("?format=xml")]
    public async Task A_format_is_required(string query)
    {
        var acme = await Api.NewOrganizationAsync();

        (await acme.GetAsync($"deliveries/export{query}")).Blames("format");
    }

    [Fact]
    public async Task It_is_written_as_it_is_read()
    {
        var acme = await Api.NewOrganizationAsync();
        await Database.AddManyAsync(await Database.AddRunAsync(acme.Id), 60_000, "503", error: "repeat('x', 500)");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("deliveries/export?format=ndjson", UriKind.Relative));

        // Tens of megabytes: the first line is here while most of them are still to be read, by a server that this reader holds up.
        using var response = await acme.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        var first = JsonElement.Parse((await reader.ReadLineAsync(Token))!).Uuid("id");
        Assert.NotEqual(Guid.Empty, first);
        await Database.ExecuteAsync("DELETE FROM webhook_deliveries WHERE organization_id = $1 AND id IN (SELECT id FROM webhook_deliveries WHERE organization_id = $1 ORDER BY created_at, id LIMIT 1000)", acme.Id);

        var lines = 1;
        while (await reader.ReadLineAsync(Token) is not null) lines++;
        Assert.Equal(59_000, lines);
    }
}
