using System.Reflection;
using Dograh.Bench.Stack;
using Dograh.Standalone;

namespace Dograh.Bench.Peers;

/// <summary>The peers that run on node: their scripts are carried in this assembly, and their packages fetched by npm into the stack's folder.</summary>
internal sealed class NodePeers(BenchStack stack)
{
    private const string Resources = "node/";

    private string? _folder;

    private string Folder => _folder ?? throw new InvalidOperationException("The packages have not been installed.");

    /// <summary>Why they cannot run on this machine; null if they can, as far as can be seen without trying.</summary>
    public static string? Hindrance =>
        Executables.Find("node") is null ? "no node on this machine" : Executables.Find("npm") is null ? "no npm on this machine" : null;

    /// <summary>Fetches the packages, the first time.</summary>
    /// <exception cref="BenchException">npm could not.</exception>
    public async Task InstallAsync()
    {
        if (_folder is not null) return;
        var folder = Path.Combine(stack.Folder, "node");
        Directory.CreateDirectory(folder);
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Resources, StringComparison.Ordinal)))
        {
            await using var source = assembly.GetManifestResourceStream(name)!;
            await using var target = File.Create(Path.Combine(folder, name[Resources.Length..]));
            await source.CopyToAsync(target, stack.Stop);
        }

        var npm = await CommandRun.OfAsync([Executables.Find("npm")!, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"], folder, stack.Stop);
        if (!npm.Succeeded) throw new BenchException($"npm could not install the peers:\n{npm.Complaint}");
        _folder = folder;
    }

    /// <summary>Starts one of the scripts.</summary>
    public RoleProcess Start(string script) => RoleProcess.StartProgram(script, Executables.Find("node")!, [$"{script}.mjs"], Folder);
}
