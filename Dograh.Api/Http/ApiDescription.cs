using Dograh.Api.Access;
using Dograh.Api.Workflows;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;

namespace Dograh.Api.Http;

/// <summary>What the OpenAPI document says beyond what the endpoints show: how to authenticate, and that errors are problems.</summary>
internal static class ApiDescription
{
    private const string Scheme = "api_key";

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Dograh Webhooks";
            document.Info.Description = "Durable, retrying delivery of final webhooks.";
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = $"An organization's API key; X-API-Key takes it too. The operator's key acts for an organization on its paths with the header {ActingOrganization.Header}: <id>.",
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, cancellationToken) =>
        {
            AddParameters(operation, context.Description);
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RequiredScope>().SingleOrDefault() is { } required)
            {
                operation.Description = $"Needs the scope `{required.Scope}`.";
            }

            var schema = await context.GetOrCreateSchemaAsync(typeof(ProblemDetails), parameterDescription: null, cancellationToken);
            operation.Responses ??= [];
            operation.Responses["default"] = new OpenApiResponse
            {
                Description = "A problem (RFC 9457).",
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/problem+json"] = new() { Schema = schema } },
            };
        });
    }

    // What handlers read from the request themselves, so that a wrong value is a 422 with its name.
    private static void AddParameters(OpenApiOperation operation, Microsoft.AspNetCore.Mvc.ApiExplorer.ApiDescription endpoint)
    {
        operation.Parameters ??= [];
        foreach (var (name, filter) in endpoint.ActionDescriptor.EndpointMetadata.OfType<FilterParameters>().SelectMany(x => x.Filters, (filters, name) => (name, filters)))
        {
            Add(operation, name, ParameterLocation.Query, JsonSchemaType.String, filter.Descriptions.GetValueOrDefault(name, "Only those that have this."));
        }

        if (endpoint.ActionDescriptor.EndpointMetadata.OfType<ListParameters>().Any())
        {
            Add(operation, "limit", ParameterLocation.Query, JsonSchemaType.Integer, "1 to 200; 50 if not given.");
            Add(operation, "cursor", ParameterLocation.Query, JsonSchemaType.String, "The next_cursor of the page before, which may have been short, or empty: there is more to look at as long as there is one.");
        }

        if (endpoint.ActionDescriptor.EndpointMetadata.OfType<ConditionalOnVersion>().Any())
        {
            Add(operation, HeaderNames.IfMatch, ParameterLocation.Header, JsonSchemaType.String, "The version that the change is meant for, in quotes; 412 if it is another by now.");
        }

        if (endpoint.HttpMethod == HttpMethods.Post
            && endpoint.ActionDescriptor.EndpointMetadata.OfType<NotIdempotent>().SingleOrDefault() is null)
        {
            Add(operation, IdempotentRequest.Header, ParameterLocation.Header, JsonSchemaType.String, "The same key and body answer as the first time, for 24 hours.");
        }
    }

    private static void Add(OpenApiOperation operation, string name, ParameterLocation location, JsonSchemaType type, string description) =>
        operation.Parameters!.Add(new OpenApiParameter
        {
            Name = name,
            In = location,
            Description = description,
            Schema = new OpenApiSchema { Type = type },
        });
}

/// <summary>Marks what takes these filters in its query.</summary>
internal class FilterParameters(params string[] filters)
{
    public IReadOnlyList<string> Filters { get; } = filters;

    /// <summary>What is said of those filters that do not explain themselves.</summary>
    public IReadOnlyDictionary<string, string> Descriptions { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>Marks a list: it takes <c>limit</c> and <c>cursor</c>, and these filters.</summary>
internal sealed class ListParameters(params string[] filters) : FilterParameters(filters);

/// <summary>Marks a POST that takes no <c>Idempotency-Key</c>: its answer holds a key that is not kept, or it stores nothing.</summary>
internal sealed class NotIdempotent;
