using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dograh.Tests.Api.Workflows;

/// <summary>Workflows and runs for a test to start from, made over HTTP as a client would.</summary>
internal static class GivenWorkflows
{
    /// <summary>Where a node sends unless it is told otherwise.</summary>
    public const string Url = "https://receiver.example/hook";

    /// <summary>A webhook node; what its <c>data</c> is given replaces what it has.</summary>
    public static JsonObject Webhook(string id = "hook", params (string Name, JsonNode? Value)[] data)
    {
        var members = new JsonObject { ["name"] = $"Webhook {id}", ["endpoint_url"] = Url };
        foreach (var (name, value) in data) members[name] = value;
        return new JsonObject { ["id"] = id, ["type"] = "webhook", ["data"] = members };
    }

    /// <summary>JSON as a node.</summary>
    public static JsonNode Raw(string json) => JsonNode.Parse(json)!;

    /// <summary>A custom header.</summary>
    public static JsonObject Header(string key, string? value) => new() { ["key"] = key, ["value"] = value };

    /// <summary>The body that saves a workflow.</summary>
    public static JsonObject Workflow(params JsonNode[] nodes) => Named("After the call", nodes);

    /// <summary>The body that saves a workflow of this name.</summary>
    public static JsonObject Named(string name, params JsonNode[] nodes) => new()
    {
        ["name"] = name,
        ["workflow_definition"] = new JsonObject { ["nodes"] = new JsonArray(nodes), ["edges"] = new JsonArray() },
    };

    /// <summary>Saves a workflow.</summary>
    public static async Task<long> AddWorkflowAsync(this ApiCaller organization, params JsonNode[] nodes) =>
        (await organization.PostAsync("workflows", Workflow(nodes))).Is(201).Number("id");

    /// <summary>Starts a run.</summary>
    public static async Task<long> StartRunAsync(this ApiCaller organization, long workflow, object? fields = null) =>
        (await organization.PostAsync($"workflows/{workflow}/runs", fields)).Is(201).Number("id");

    /// <summary>Completes a run for the first time.</summary>
    public static async Task<JsonElement> CompleteAsync(this ApiCaller organization, long run, object? completion = null) =>
        (await organization.PostAsync($"workflow-runs/{run}/complete", completion)).Is(202);

    /// <summary>Takes in a completed run.</summary>
    public static async Task<JsonElement> StoreRunAsync(this ApiCaller organization, long workflow, object? run = null) =>
        (await organization.PostAsync($"workflows/{workflow}/completed-runs", run)).Is(202);

    /// <summary>A delivery to be, of a new run of a new workflow.</summary>
    public static async Task<Guid> AddDeliveryAsync(this ApiCaller organization, params (string Name, JsonNode? Value)[] data) =>
        (await organization.StoreRunAsync(await organization.AddWorkflowAsync(Webhook("hook", data)))).Uuid("deliveries/0/delivery_id");
}
