using System.Diagnostics;
using Dograh.Tests.Docs;
using Dograh.Tests.Signing;
using Dograh.Tests.Standalone;
using Dograh.Tests.Support;
using Dograh.Webhooks.Signing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Dograh.Tests.Receiving;

/// <summary>The receivers of <c>docs/receivers.md</c>, each built and run as the page has it.</summary>
public sealed class ReceiversPageTests
{
    // What a web project of the SDK is given without asking.
    private const string ImplicitUsings =
        """
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Http;
        global using System;
        """;

    private static readonly byte[] Body = """{"call_disposition":"ärger 🎉"}"""u8.ToArray();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("csharp")]
    [InlineData("typescript")]
    [InlineData("python")]
    [InlineData("go")]
    public async Task A_receiver_takes_what_is_signed_once_and_refuses_the_rest(string language)
    {
        using var folder = new TemporaryFolder();
        var (old, secret) = (SigningSecretText.CreateSecret(), SigningSecretText.CreateSecret());
        var program = await BuildAsync(language, Markdown.Open("docs/receivers.md").Code("Code", language), folder.Path);
        var port = Dograh.Standalone.FreePort.Next();
        program.Environment["WEBHOOK_SECRET"] = $"{old} {secret}";
        program.Environment["PORT"] = $"{port}";
        program.UseShellExecute = false;
        program.RedirectStandardOutput = true;
        using var receiver = Process.Start(program)!;
        var received = new List<string>();
        receiver.OutputDataReceived += (_, line) =>
        {
            lock (received)
            {
                if (line.Data?.StartsWith("received ", StringComparison.Ordinal) == true) received.Add(line.Data["received ".Length..]);
            }
        };
        receiver.BeginOutputReadLine();
        try
        {
            using var client = new HttpClient();
            var url = new Uri($"http://127.0.0.1:{port}/hook");
            var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
            await Eventually.TrueAsync(async () => await IsUpAsync(client, url, receiver));

            Assert.InRange(await AskAsync(SignedRequest.Headers(secret, first, TimeSpan.Zero, Body), Body), 200, 299);
            Assert.InRange(await AskAsync(SignedRequest.Headers(secret, first, TimeSpan.Zero, Body), Body), 200, 299);
            Assert.Equal(401, await AskAsync(SignedRequest.Headers(secret, Guid.CreateVersion7(), TimeSpan.Zero, Body), [.. Body, (byte)' ']));
            Assert.Equal(401, await AskAsync(SignedRequest.Headers(secret, Guid.CreateVersion7(), TimeSpan.FromMinutes(6), Body), Body));
            Assert.Equal(401, await AskAsync(SignedRequest.Headers(secret, Guid.CreateVersion7(), TimeSpan.FromMinutes(-6), Body), Body));
            Assert.Equal(401, await AskAsync(SignedRequest.Headers(SigningSecretText.CreateSecret(), Guid.CreateVersion7(), TimeSpan.Zero, Body), Body));
            foreach (var header in (string[])["webhook-id", "webhook-timestamp", "webhook-signature"])
            {
                var headers = SignedRequest.Headers(secret, Guid.CreateVersion7(), TimeSpan.Zero, Body);
                headers.Remove(header);
                Assert.Equal(400, await AskAsync(headers, Body));
            }

            // During a rotation: two signatures, of which this receiver knows one; and one of a version that it does not know.
            var rotated = SignedRequest.Headers(old, second, TimeSpan.Zero, Body);
            rotated["webhook-signature"] = $"v1,{Convert.ToBase64String(new byte[32])} v1a,AAAA v9,x {rotated["webhook-signature"]}";
            Assert.InRange(await AskAsync(rotated, Body), 200, 299);

            await Eventually.TrueAsync(() => Received().Count >= 2);
            Assert.Equal([$"{first}", $"{second}"], Received());

            async Task<int> AskAsync(Dictionary<string, string> headers, byte[] body) => (await SignedRequest.SendAsync(client, url, headers, body)).Status;
        }
        finally
        {
            receiver.Kill(entireProcessTree: true);
            await receiver.WaitForExitAsync(CancellationToken.None);
        }

        List<string> Received()
        {
            lock (received) return [.. received];
        }
    }

    private static async Task<bool> IsUpAsync(HttpClient client, Uri url, Process receiver)
    {
        Assert.False(receiver.HasExited, "The receiver has ended.");
        try
        {
            return (await SignedRequest.SendAsync(client, url, [], Body)).Status == 400;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<ProcessStartInfo> BuildAsync(string language, string code, string folder)
    {
        switch (language)
        {
            case "csharp":
                return Compile(code);
            case "typescript":
                await File.WriteAllTextAsync(Path.Combine(folder, "receiver.ts"), code, Token);
                var modules = Path.Combine(NodeLibraries.Folder, "node_modules");
                await Commands.RunAsync(folder, Path.Combine(modules, ".bin", "tsc"),
                    "--strict", "--target", "es2022", "--module", "nodenext", "--typeRoots", Path.Combine(modules, "@types"), "--types", "node", "receiver.ts");
                return new ProcessStartInfo("node", ["receiver.js"]) { WorkingDirectory = folder };
            case "python":
                await File.WriteAllTextAsync(Path.Combine(folder, "receiver.py"), code, Token);
                return new ProcessStartInfo("python3", ["receiver.py"]) { WorkingDirectory = folder };
            default:
                await File.WriteAllTextAsync(Path.Combine(folder, "receiver.go"), code, Token);
                Assert.Empty(await Commands.RunAsync(folder, "gofmt", "-l", "receiver.go"));
                await Commands.RunAsync(folder, "go", "build", "-o", "receiver", "receiver.go");
                return new ProcessStartInfo(Path.Combine(folder, "receiver"));
        }
    }

    // Beside the tests, where the packages are that it uses.
    private static ProcessStartInfo Compile(string code)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create(
            "receivers-page", [CSharpSyntaxTree.ParseText(code, cancellationToken: Token), CSharpSyntaxTree.ParseText(ImplicitUsings, cancellationToken: Token)], references,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        var program = Path.Combine(AppContext.BaseDirectory, "receivers-page.dll");
        var result = compilation.Emit(program, cancellationToken: Token);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        Assert.DoesNotContain(result.Diagnostics, diagnostic => diagnostic.Severity == DiagnosticSeverity.Warning);
        string Of(string ending) => Path.Combine(AppContext.BaseDirectory, $"Dograh.Tests.{ending}");
        return new ProcessStartInfo("dotnet", ["exec", "--depsfile", Of("deps.json"), "--runtimeconfig", Of("runtimeconfig.json"), program])
        {
            WorkingDirectory = AppContext.BaseDirectory,
        };
    }
}
