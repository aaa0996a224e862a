namespace Dograh.Client;

/// <summary>No API of Dograh's answers at the address: it cannot be reached, does not answer in time, or something else does.</summary>
/// <param name="address">Where it was looked for: the server's root.</param>
/// <param name="message">What happened, to be shown.</param>
/// <param name="innerException">What it came from.</param>
public sealed class DograhConnectionException(Uri address, string message, Exception? innerException = null) : DograhException(message, innerException)
{
    /// <summary>Where it was looked for: the server's root.</summary>
    public Uri Address { get; } = address;
}
