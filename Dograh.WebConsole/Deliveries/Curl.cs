using System.Text;
using Dograh.Client;

namespace Dograh.WebConsole.Deliveries;

/// <summary>A request as a command that can be pasted into a shell; its masked secrets are for whoever runs it to fill in.</summary>
internal static class Curl
{
    /// <summary>Writes the command.</summary>
    public static string Of(DeliveryRequest request)
    {
        var command = new StringBuilder($"curl -X {request.Method} {Quote(request.Url)}");
        foreach (var (name, value) in request.Headers ?? new Dictionary<string, string>(StringComparer.Ordinal)) command.Append(" \\\n  -H ").Append(Quote($"{name}: {value}"));
        if (request.Body is not null) command.Append(" \\\n  --data-binary ").Append(Quote(request.Body));
        return command.ToString();
    }

    // A body that began with @ would be read as a file's name.
    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
