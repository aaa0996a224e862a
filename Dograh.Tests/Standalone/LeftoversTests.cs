using System.Globalization;
using Dograh.Standalone;

namespace Dograh.Tests.Standalone;

/// <summary>What a killed start leaves behind: files that tell of processes which may or may not be there.</summary>
public sealed class LeftoversTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_child_that_still_runs_is_stopped()
    {
        using var data = DataFolder.Open(_folder.Below("data"));
        await using var lost = await RedisServer.StartAsync(
            data.Redis, null, data.BeginLog("redis"), data.PidFile("redis"), TestContext.Current.CancellationToken);

        Assert.Equal(["redis"], await data.StopLeftoversAsync(TestContext.Current.CancellationToken));

        await lost.Exited.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Empty(await data.StopLeftoversAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_process_that_only_has_the_same_id_is_left_alone()
    {
        using var data = DataFolder.Open(_folder.Below("data"));
        var file = data.PidFile("worker-1");
        PidFiles.Write(file, Environment.ProcessId);
        var lines = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        var earlier = DateTime.Parse(lines[1], CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind).AddHours(-1);
        await File.WriteAllTextAsync(file, $"{lines[0]}\n{earlier:O}\n", TestContext.Current.CancellationToken);

        Assert.Empty(await data.StopLeftoversAsync(TestContext.Current.CancellationToken));

        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a number\n")]
    [InlineData("1")]
    public async Task A_file_that_was_not_finished_is_removed(string content)
    {
        using var data = DataFolder.Open(_folder.Below("data"));
        var file = data.PidFile("api");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);

        Assert.Empty(await data.StopLeftoversAsync(TestContext.Current.CancellationToken));

        Assert.False(File.Exists(file));
    }
}
