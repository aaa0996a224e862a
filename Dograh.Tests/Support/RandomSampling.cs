using System.Text.RegularExpressions;
using CsCheck;

namespace Dograh.Tests.Support;

/// <summary>How long random tests look, and what a failing one says.</summary>
internal static partial class RandomSampling
{
    /// <summary>Tries random cases until the time is over; the smallest that fails is shown, with the seed that makes it again.</summary>
    /// <param name="cases">What is tried.</param>
    /// <param name="seconds">For how long.</param>
    /// <param name="threads">How many at a time.</param>
    /// <param name="minutesVariable">The environment's name for how many minutes to look in place of those seconds.</param>
    /// <param name="test">Throws where a case fails.</param>
    /// <param name="print">A case in words.</param>
    public static async Task LookForCounterexamplesAsync<T>(
        this Gen<T> cases, int seconds, int threads, string minutesVariable, Func<T, Task> test, Func<T, string> print)
    {
        if (double.TryParse(Environment.GetEnvironmentVariable(minutesVariable), out var minutes)) seconds = (int)(minutes * 60);
        var output = TestContext.Current.TestOutputHelper!;
        try
        {
            await cases.SampleAsync(test, output.WriteLine, time: seconds, threads: threads, print: print);
        }
        catch (CsCheckException e)
        {
            var name = TestContext.Current.Test!.TestDisplayName;
            var seed = SeedOf().Match(e.Message).Groups["seed"].Value;
            Assert.Fail($"{e.InnerException?.Message}\n\n{e.Message}\n\nThe same again: CsCheck_Seed={seed} ./test --filter-method '{name}'\nLonger: {minutesVariable}=10 ./test --filter-method '{name}'");
        }
    }

    [GeneratedRegex("CsCheck_Seed=(?<seed>[\\w-]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SeedOf();
}
