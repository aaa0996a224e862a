namespace Dograh.Sbom;

/// <summary>A package that is part of what is shipped.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Sha512">The hash of the package, in hexadecimal.</param>
/// <param name="Licence">An SPDX expression, an address or a name, as its author gives it.</param>
/// <param name="LicenceKind">Which of these it is.</param>
/// <param name="Needs">The packages that it needs itself, by name.</param>
/// <param name="IsDirect">Whether one of our projects names it.</param>
internal sealed record ShippedPackage(string Name, string Version, string Sha512, string Licence, LicenceKind LicenceKind, IReadOnlyList<string> Needs, bool IsDirect)
{
    /// <summary>Its package URL.</summary>
    public string Purl => $"pkg:nuget/{Name}@{Version}";
}

/// <summary>How an author tells of a licence.</summary>
internal enum LicenceKind
{
    /// <summary>By an SPDX expression.</summary>
    Expression,

    /// <summary>By an address where it can be read.</summary>
    Url,

    /// <summary>By a file in the package, or not at all.</summary>
    Name,
}
