using System.CommandLine;

namespace Dograh.Cli.Deliveries;

/// <summary>The argument that names deliveries.</summary>
internal static class DeliveryIds
{
    public static Argument<Guid[]> Argument() => new("id")
    {
        Description = "The deliveries' ids.",
        Arity = ArgumentArity.ZeroOrMore,
        // The library's own way with lists takes what is no id for the empty one.
        CustomParser = result =>
        {
            var ids = new List<Guid>();
            foreach (var token in result.Tokens)
            {
                if (Guid.TryParse(token.Value, out var id)) ids.Add(id);
                else result.AddError($"'{token.Value}' is no delivery's id.");
            }

            return [.. ids];
        },
    };
}
