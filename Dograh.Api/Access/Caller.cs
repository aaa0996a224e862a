using System.Globalization;
using System.Reflection;
using Dograh.Api.Http;

namespace Dograh.Api.Access;

/// <summary>The organization whose key the request carries, or that the operator acts for. Every query takes it into its WHERE: that is what keeps tenants apart.</summary>
/// <param name="OrganizationId">The organization.</param>
internal readonly record struct Caller(long OrganizationId)
{
    /// <summary>The key itself; null where the operator acts for the organization, and may everything.</summary>
    public WorkingKey? Key { get; init; }

    /// <summary>Whether it may do what needs a scope.</summary>
    public bool May(string scope) => Key is null || Key.May(scope);

    /// <summary>Demands another scope than the path's own, for something that only some requests ask for.</summary>
    /// <param name="scope">One of <see cref="Webhooks.Organizations.ApiKeyScope"/>.</param>
    /// <param name="forWhat">The field that asks for it.</param>
    /// <exception cref="ApiProblemException">The key lacks it: 403.</exception>
    public void Demand(string scope, string forWhat)
    {
        if (!May(scope)) throw new ApiProblemException(StatusCodes.Status403Forbidden, "Forbidden", $"This key lacks the scope '{scope}', which {forWhat} needs.");
    }

    public static ValueTask<Caller> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        _ = parameter;
        return ValueTask.FromResult(Of(context));
    }

    /// <summary>Whose request it is.</summary>
    public static Caller Of(HttpContext context)
    {
        var claim = context.User.FindFirst(Policies.OrganizationClaim)
            ?? throw new InvalidOperationException("The endpoint asks for a caller but not for the organization policy.");
        return new Caller(long.Parse(claim.Value, CultureInfo.InvariantCulture)) { Key = context.Features.Get<CallerKey>()?.Key };
    }
}
