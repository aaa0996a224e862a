using System.Diagnostics.CodeAnalysis;

namespace Dograh.Webhooks.Rendering;

/// <summary>A rendered URL, or why there is none for this run.</summary>
public sealed record RenderedUrl
{
    private RenderedUrl()
    {
    }

    /// <summary>Whether there is a URL to send to.</summary>
    [MemberNotNullWhen(true, nameof(Url))]
    [MemberNotNullWhen(false, nameof(Fault))]
    public bool IsValid => Url is not null;

    /// <summary>The URL as it is to be stored and sent: absolute, http or https, with a host and without user information.</summary>
    public string? Url { get; private init; }

    /// <summary>What makes the node invalid for this run. It names placeholders, never their values.</summary>
    public string? Fault { get; private init; }

    internal static RenderedUrl Of(string url) => new() { Url = url };

    internal static RenderedUrl Invalid(string fault) => new() { Fault = fault };
}
