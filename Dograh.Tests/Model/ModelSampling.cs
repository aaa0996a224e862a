using CsCheck;
using Dograh.Tests.Support;

namespace Dograh.Tests.Model;

/// <summary>How long random tests of the model look.</summary>
internal static class ModelSampling
{
    /// <summary>The environment's name for how many minutes each random test of the model looks; without it, some seconds.</summary>
    public const string MinutesVariable = "DOGRAH_MODEL_MINUTES";

    private const int Seconds = 10;

    // One waits for PostgreSQL most of the time, so a second one costs little.
    private const int Threads = 2;

    /// <summary>Tries random cases until the time is over; the smallest that fails is shown, with the seed that makes it again.</summary>
    public static Task LookForCounterexamplesAsync<T>(this Gen<T> cases, Func<T, Task> test, Func<T, string> print) =>
        cases.LookForCounterexamplesAsync(Seconds, Threads, MinutesVariable, test, print);
}
