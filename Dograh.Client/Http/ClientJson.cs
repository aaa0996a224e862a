using System.Text.Json.Serialization;

namespace Dograh.Client.Http;

/// <summary>JSON as the API speaks it: snake case; what is null is not sent.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    // An answer holds what a body held, some levels deeper.
    MaxDepth = 128)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Me))]
[JsonSerializable(typeof(Named))]
[JsonSerializable(typeof(CreatedOrganization))]
[JsonSerializable(typeof(Page<Organization>))]
[JsonSerializable(typeof(QuotasRequest))]
[JsonSerializable(typeof(Quotas))]
[JsonSerializable(typeof(ApiKeyRequest))]
[JsonSerializable(typeof(CreatedApiKey))]
[JsonSerializable(typeof(Page<ApiKey>))]
[JsonSerializable(typeof(CredentialRequest))]
[JsonSerializable(typeof(Credential))]
[JsonSerializable(typeof(Page<Credential>))]
[JsonSerializable(typeof(CredentialTestRequest))]
[JsonSerializable(typeof(CredentialTest))]
[JsonSerializable(typeof(WorkflowRequest))]
[JsonSerializable(typeof(Workflow))]
[JsonSerializable(typeof(Page<Workflow>))]
[JsonSerializable(typeof(StartRunRequest))]
[JsonSerializable(typeof(StartedRun))]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(RunRequest))]
[JsonSerializable(typeof(BatchRequest))]
[JsonSerializable(typeof(BatchOutcome))]
[JsonSerializable(typeof(RunOutcome))]
[JsonSerializable(typeof(Run))]
[JsonSerializable(typeof(Preview))]
[JsonSerializable(typeof(Page<Delivery>))]
[JsonSerializable(typeof(Delivery))]
[JsonSerializable(typeof(DeliveryDetail))]
[JsonSerializable(typeof(DeliveryFilter))]
[JsonSerializable(typeof(BulkReplay))]
[JsonSerializable(typeof(SigningSecretRequest))]
[JsonSerializable(typeof(SigningSecret))]
[JsonSerializable(typeof(Page<SigningSecret>))]
[JsonSerializable(typeof(RotationRequest))]
[JsonSerializable(typeof(ExpiryRequest))]
[JsonSerializable(typeof(RevealedSecret))]
[JsonSerializable(typeof(Page<SigningKey>))]
[JsonSerializable(typeof(DeliveryStats))]
[JsonSerializable(typeof(Page<AuditEvent>))]
internal sealed partial class ClientJson : JsonSerializerContext;
