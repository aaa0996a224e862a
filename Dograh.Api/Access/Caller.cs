using System.Globalization;
using System.Reflection;

namespace Dograh.Api.Access;

/// <summary>The organization whose key the request carries, or that the operator acts for. Every query takes it into its WHERE: that is what keeps tenants apart.</summary>
/// <param name="OrganizationId">The organization.</param>
internal readonly record struct Caller(long OrganizationId)
{
    /// <summary>The key itself; null where the operator acts for the organization, and may everything.</summary>
    public WorkingKey? Key { get; init; }

    /// <summary>Whether it may do what needs a scope.</summary>
    public bool May(string scope) => Key is null || Key.May(scope);

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
