namespace Dograh.Client;

/// <summary>An export on its way: dispose of it when it is read, or to stop it.</summary>
public sealed class DeliveryExport : IDisposable
{
    private readonly HttpResponseMessage _response;

    internal DeliveryExport(HttpResponseMessage response, Stream content) => (_response, Content) = (response, content);

    /// <summary>The file, as it comes.</summary>
    public Stream Content { get; }

    /// <summary>How many deliveries there will be; null if that is not known.</summary>
    public long? Count => _response.Headers.TryGetValues("X-Dograh-Count", out var values) && long.TryParse(values.First(), out var count) ? count : null;

    /// <summary>Its media type.</summary>
    public string ContentType => _response.Content.Headers.ContentType!.ToString();

    /// <inheritdoc />
    public void Dispose() => _response.Dispose();
}
