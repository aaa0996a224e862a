using System.Text.RegularExpressions;
using CsCheck;

namespace Dograh.Tests.Model;

/// <summary>How long random tests look, and what a failing one says.</summary>
internal static partial class ModelSampling
{
    /// <summary>The environment's name for how many minutes each random test of the model looks; without it, some seconds.</summary>
    public const string MinutesVariable = "DOGRAH_MODEL_MINUTES";

    private const int Seconds = 10;

    // One waits for PostgreSQL most of the time, so a second one costs little.
    private const int Threads = 2;

    /// <summary>Tries random cases until the time is over; the smallest that fails is shown, with the seed that makes it again.</summary>
    public static async Task LookForCounterexamplesAsync<T>(this Gen<T> cases, Func<T, Task> test, Func<T, string> print)
    {
        var seconds = double.TryParse(Environment.GetEnvironmentVariable(MinutesVariable), out var minutes) ? (int)(minutes * 60) : Seconds;
        var output = TestContext.Current.TestOutputHelper!;
        try
        {
            await cases.SampleAsync(test, output.WriteLine, time: seconds, threads: Threads, print: print);
        }
        catch (CsCheckException e)
        {
            var name = TestContext.Current.Test!.TestDisplayName;
            var seed = SeedOf().Match(e.Message).Groups["seed"].Value;
            Assert.Fail($"{e.InnerException?.Message}\n\n{e.Message}\n\nThe same again: CsCheck_Seed={seed} ./test --filter-method '{name}'\nLonger: {MinutesVariable}=10 ./test --filter-method '{name}'");
        }
    }

    [GeneratedRegex("CsCheck_Seed=(?<seed>\\w+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SeedOf();
}
