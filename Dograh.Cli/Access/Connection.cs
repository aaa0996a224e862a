using System.Globalization;
using Dograh.Client;

namespace Dograh.Cli.Access;

/// <summary>Where the API is, and with which key it is called.</summary>
/// <remarks>The command line goes before the environment, the environment before what was signed in to. The key that is kept goes to its own server only.</remarks>
internal sealed class Connection : IDisposable
{
    public const string UrlVariable = "DOGRAH_URL";
    public const string KeyVariable = "DOGRAH_API_KEY";
    public const string OrganizationVariable = "DOGRAH_ORGANIZATION";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;

    public Connection(Uri url, string? key, long? organization)
    {
        Url = url;
        Organization = organization;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) }) { BaseAddress = url, Timeout = Patience };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd($"dograh/{typeof(Connection).Assembly.GetName().Version!.ToString(3)}");
        Client = new DograhClient(_http, key, organization);
    }

    /// <summary>The server's root.</summary>
    public Uri Url { get; }

    /// <summary>The organization that the operator's key acts for.</summary>
    public long? Organization { get; }

    /// <summary>The API.</summary>
    public DograhClient Client { get; }

    /// <summary>Opens the connection that the command line, the environment and the login make.</summary>
    /// <exception cref="CliException">Nobody is signed in.</exception>
    public static Connection Open(Settings settings)
    {
        var givenUrl = settings.Url ?? Variable(UrlVariable);
        var givenKey = Variable(KeyVariable);
        var saved = givenUrl is not null && givenKey is not null ? null : SavedLogin.Read();
        var url = ReadUrl(givenUrl ?? saved?.Url ?? throw NotSignedIn("Nobody is signed in."));
        if (givenKey is null && saved is not null && url != ReadUrl(saved.Url)) throw NotSignedIn($"The key that is kept is for {saved.Url}, and goes nowhere else.");
        var organization = settings.Organization ?? ReadOrganization() ?? (givenKey is null ? saved?.Organization : null);
        return new Connection(url, givenKey ?? saved?.ApiKey ?? throw NotSignedIn($"Nobody is signed in at {url}."), organization);
    }

    /// <summary>Reads an address.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static Uri ReadUrl(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}", UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0
            ? new Uri($"{url.AbsoluteUri.TrimEnd('/')}/")
            : throw CliException.Usage($"'{text}' is not a server's address.", "It is such as https://webhooks.example or http://localhost:8080.");

    /// <summary>An environment variable; null if it is empty.</summary>
    public static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    public void Dispose() => _http.Dispose();

    private static long? ReadOrganization() => Variable(OrganizationVariable) is not { } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id
        : throw CliException.Usage($"{OrganizationVariable} is '{text}', which is no organization's id.");

    private static CliException NotSignedIn(string message) =>
        new(ExitCodes.NotSignedIn, message, $"Sign in: dograh login. Or set {UrlVariable} and {KeyVariable}.");
}
