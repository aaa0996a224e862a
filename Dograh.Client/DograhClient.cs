using Dograh.Client.Http;

namespace Dograh.Client;

/// <summary>The public API, typed.</summary>
/// <remarks>
/// <code>
/// var client = new DograhClient(http, apiKey); // http.BaseAddress is the server's root: https://webhooks.example/
/// await foreach (var delivery in client.Deliveries.AllAsync(new DeliveryFilter { Status = "dead_letter" })) …
/// </code>
/// Every call throws <see cref="DograhApiException"/> for what the API refuses, and <see cref="DograhConnectionException"/> where no API of
/// Dograh's answers. Nothing is sent twice by itself: who sends again what creates gives the same idempotency key. Members that this client does
/// not know are ignored, and states, types and reasons are texts, so that it goes on working with a newer server. Safe for use from many threads.
/// </remarks>
public sealed class DograhClient
{
    private readonly HttpClient _http;
    private readonly string? _apiKey;
    private readonly ApiConnection _api;

    /// <summary>Creates a client.</summary>
    /// <param name="http">Sends the requests; its base address is the server's root, also below a path. It stays the caller's.</param>
    /// <param name="apiKey">The key; null if the HTTP client sends one itself, or for what needs none.</param>
    /// <param name="organizationId">The organization to act for: for the operator's key only.</param>
    public DograhClient(HttpClient http, string? apiKey = null, long? organizationId = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        _http = http;
        _apiKey = apiKey;
        OrganizationId = organizationId;
        _api = new ApiConnection(http, apiKey, organizationId);
        ApiKeys = new ApiKeysClient(_api);
        Audit = new AuditClient(_api);
        Bins = new BinsClient(_api);
        Credentials = new CredentialsClient(_api);
        Deliveries = new DeliveriesClient(_api);
        Organizations = new OrganizationsClient(_api);
        Runs = new RunsClient(_api);
        Signing = new SigningClient(_api);
        Stats = new StatsClient(_api);
        Workflows = new WorkflowsClient(_api);
    }

    /// <summary>The organization that the operator's key acts for; null for a key of an organization's own.</summary>
    public long? OrganizationId { get; }

    /// <summary>The organization's API keys.</summary>
    public ApiKeysClient ApiKeys { get; }

    /// <summary>The organization's audit log.</summary>
    public AuditClient Audit { get; }

    /// <summary>Receivers for development.</summary>
    public BinsClient Bins { get; }

    /// <summary>What receivers are convinced with; goes in and never comes out.</summary>
    public CredentialsClient Credentials { get; }

    /// <summary>Deliveries: looking at them, replaying and cancelling.</summary>
    public DeliveriesClient Deliveries { get; }

    /// <summary>The operator's: organizations and their quotas.</summary>
    public OrganizationsClient Organizations { get; }

    /// <summary>Runs: starting, completing, previewing.</summary>
    public RunsClient Runs { get; }

    /// <summary>What deliveries are signed with.</summary>
    public SigningClient Signing { get; }

    /// <summary>The figures of a window.</summary>
    public StatsClient Stats { get; }

    /// <summary>Workflows and their versions.</summary>
    public WorkflowsClient Workflows { get; }

    /// <summary>The same client, acting for an organization: for the operator's key.</summary>
    public DograhClient ForOrganization(long organizationId) => new(_http, _apiKey, organizationId);

    /// <summary>Says who the key is.</summary>
    public Task<Me> WhoAmIAsync(CancellationToken cancellationToken = default) => _api.GetAsync<Me>("api/v1/me", cancellationToken);

    /// <summary>The quotas that hold for the organization, and how much of them is used.</summary>
    public Task<OwnQuotas> GetOwnQuotasAsync(CancellationToken cancellationToken = default) => _api.GetAsync<OwnQuotas>("api/v1/quotas", cancellationToken);

    /// <summary>Asks for the server's health, for which no key is needed.</summary>
    public Task<Health> GetHealthAsync(CancellationToken cancellationToken = default) => _api.GetHealthAsync(cancellationToken);
}
