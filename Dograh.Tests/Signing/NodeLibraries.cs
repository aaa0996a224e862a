using System.Diagnostics;
using System.Text.Json;
using Dograh.Tests.AppHost;
using Dograh.Tests.Support;

namespace Dograh.Tests.Signing;

/// <summary>The reference libraries of Standard Webhooks and of Svix, and Node's own Ed25519, asked whether a request verifies.</summary>
internal static class NodeLibraries
{
    /// <summary>The libraries that verify <c>v1</c>.</summary>
    public static readonly IReadOnlyList<string> OfV1 = ["standardwebhooks", "svix"];

    /// <summary>Where npm has installed them.</summary>
    public static string Folder => Path.Combine(Repository.Root, "Dograh.Tests", "Npm");

    /// <summary>Asks, all at once: starting Node takes longer than verifying.</summary>
    /// <returns>Of each check the error; null if it verifies.</returns>
    public static async Task<IReadOnlyList<string?>> VerifyAsync(IReadOnlyList<NodeCheck> checks)
    {
        Assert.True(Directory.Exists(Path.Combine(Folder, "node_modules")), $"The libraries are not installed: ./test does it, or 'npm ci' in {Folder}.");
        using var node = Process.Start(new ProcessStartInfo("node", ["verify.cjs"])
        {
            WorkingDirectory = Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await node.StandardInput.WriteAsync(JsonSerializer.Serialize(checks, JsonSerializerOptions.Web));
        node.StandardInput.Close();
        var output = await node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).Soon();
        Assert.True(output.Length > 0, await errors);
        return JsonSerializer.Deserialize<string?[]>(output)!;
    }

    /// <summary>All verify.</summary>
    public static async Task AcceptAsync(params IEnumerable<NodeCheck> checks)
    {
        var results = await VerifyAsync([.. checks]);
        Assert.NotEmpty(results);
        Assert.All(results, Assert.Null);
    }

    /// <summary>None verifies, each for this reason.</summary>
    public static async Task RefuseAsync(string reason, params IEnumerable<NodeCheck> checks)
    {
        var results = await VerifyAsync([.. checks]);
        Assert.NotEmpty(results);
        Assert.All(results, result => Assert.Contains(reason, result, StringComparison.Ordinal));
    }
}

/// <summary>A request as its receiver got it, and what to verify it with.</summary>
internal sealed record NodeCheck(string Library, string Secret, string Id, string Timestamp, string Signature, byte[] Body)
{
    /// <summary>The same request for both libraries of <c>v1</c>.</summary>
    public static IEnumerable<NodeCheck> V1(string secret, ReceivedRequest request) => NodeLibraries.OfV1.Select(library => Of(library, secret, request));

    /// <summary>A request for Node's own Ed25519.</summary>
    public static NodeCheck V1a(string publicKey, ReceivedRequest request) => Of("node", publicKey, request);

    private static NodeCheck Of(string library, string secret, ReceivedRequest request) => new(
        library, secret, request.Header("webhook-id")!, request.Header("webhook-timestamp")!, request.Header("webhook-signature")!, request.Body);
}
