using System.Globalization;
using System.Reflection;

namespace Dograh.Api.Access;

/// <summary>The organization whose key the request carries. Every query takes it into its WHERE: that is what keeps tenants apart.</summary>
/// <param name="OrganizationId">The organization.</param>
internal readonly record struct Caller(long OrganizationId)
{
    /// <summary>The key itself.</summary>
    public WorkingKey? Key { get; init; }

    public static ValueTask<Caller> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        _ = parameter;
        return ValueTask.FromResult(Of(context));
    }

    /// <summary>The organization whose key a request carries.</summary>
    public static Caller Of(HttpContext context)
    {
        var claim = context.User.FindFirst(Policies.OrganizationClaim)
            ?? throw new InvalidOperationException("The endpoint asks for a caller but not for the organization policy.");
        return new Caller(long.Parse(claim.Value, CultureInfo.InvariantCulture)) { Key = context.Features.Get<CallerKey>()?.Key };
    }
}
