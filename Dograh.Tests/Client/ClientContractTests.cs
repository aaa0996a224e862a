using System.Text.Json;
using Dograh.Client;
using Dograh.Client.Http;

namespace Dograh.Tests.Client;

/// <summary>The client's records are those of the API's description: who adds to the one adds to the other.</summary>
public sealed class ClientContractTests
{
    // A schema's record is named as it is without "View"; these are named otherwise.
    private static readonly Dictionary<string, Type> Renamed = new(StringComparer.Ordinal)
    {
        ["ActorView"] = typeof(AuditActor),
        ["BatchView"] = typeof(BatchOutcome),
        ["NamedRequest"] = typeof(Named),
        ["StartRequest"] = typeof(StartRunRequest),
        ["StatsView"] = typeof(DeliveryStats),
    };

    // JSON of any shape, a text, the framework's own, nothing.
    private static readonly string[] WithoutARecord = ["JsonElement", "DeliveryStatus", "ProblemDetails", "NoFields"];

    private static readonly JsonElement Description = JsonElement.Parse(File.ReadAllText(Path.Combine(Docs.Markdown.Root, "Dograh.Tests", "Api", "openapi.approved.json")));

    public static TheoryData<string> Schemas => new(
        Description.GetProperty("components").GetProperty("schemas").EnumerateObject().Select(schema => schema.Name)
            .Where(name => !WithoutARecord.Contains(name) && !name.StartsWith("PageOf", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Schemas))]
    public void A_schemas_record_has_its_members(string schema)
    {
        var type = Renamed.GetValueOrDefault(schema) ?? typeof(DograhClient).Assembly.GetType($"Dograh.Client.{TrimView(schema)}");
        Assert.True(type is not null, $"Dograh.Client has no record for {schema}: add Dograh.Client.{TrimView(schema)}, and the method that uses it.");
        var record = ClientJson.Default.GetTypeInfo(type);
        Assert.True(record is not null, $"{nameof(ClientJson)} does not know {type}: add it there.");

        var members = Description.GetProperty("components").GetProperty("schemas").GetProperty(schema).GetProperty("properties").EnumerateObject().Select(member => member.Name);

        // A batch's run is described with the batch, which is read run by run.
        Assert.Equal(members.Order(StringComparer.Ordinal), record.Properties.Where(member => !member.IsExtensionData).Select(member => member.Name).Where(name => (schema, name) != ("RunRequest", "idempotency_key")).Order(StringComparer.Ordinal));
    }

    private static string TrimView(string schema) => schema.EndsWith("View", StringComparison.Ordinal) ? schema[..^4] : schema;
}
