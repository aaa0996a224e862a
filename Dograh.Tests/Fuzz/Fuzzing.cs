using CsCheck;
using Dograh.Tests.Support;

namespace Dograh.Tests.Fuzz;

/// <summary>How long fuzzing looks.</summary>
internal static class Fuzzing
{
    /// <summary>The environment's name for how many minutes each test of this folder looks; without it, some seconds.</summary>
    public const string MinutesVariable = "DOGRAH_FUZZ_MINUTES";

    /// <summary>Tries hostile input until the time is over, or for as many minutes as the environment says.</summary>
    public static Task FuzzAsync<T>(this Gen<T> input, int seconds, Func<T, Task> test, Func<T, string> print) =>
        input.LookForCounterexamplesAsync(seconds, threads: 1, MinutesVariable, test, print);

    /// <summary>The same for what waits for nothing.</summary>
    public static Task FuzzAsync<T>(this Gen<T> input, int seconds, Action<T> test, Func<T, string> print) => input.FuzzAsync(
        seconds,
        one =>
        {
            test(one);
            return Task.CompletedTask;
        },
        print);
}
