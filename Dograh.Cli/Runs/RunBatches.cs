using System.Runtime.CompilerServices;
using System.Text.Json;
using Dograh.Client;

namespace Dograh.Cli.Runs;

/// <summary>Hands in many runs, as many at a time as one request may hold.</summary>
internal static class RunBatches
{
    // The API's own limit on a body is 1 MiB unless it is set otherwise; one that takes less says so, and gets less.
    private const int MostBytes = 900_000;

    /// <summary>Stores runs; answers with what became of each, in order, part by part.</summary>
    public static async IAsyncEnumerable<IReadOnlyList<BatchItem>> StoreAsync(
        RunsClient api, long workflow, IReadOnlyList<RunRequest> runs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var most = RunsClient.MaxBatch;
        for (var done = 0; done < runs.Count;)
        {
            var part = Part(runs, done, most);
            IReadOnlyList<BatchItem>? items = null;
            try
            {
                items = (await api.StoreCompletedAsync(workflow, part, cancellationToken: cancellationToken)).Items;
            }
            catch (DograhApiException e) when (e.Status == 413 && part.Count > 1)
            {
                most = part.Count / 2;
            }

            if (items is null) continue;
            done += part.Count;
            yield return items;
        }
    }

    private static List<RunRequest> Part(IReadOnlyList<RunRequest> runs, int from, int most)
    {
        var part = new List<RunRequest>();
        var bytes = 0;
        for (var i = from; i < runs.Count && part.Count < most; i++)
        {
            bytes += JsonSerializer.SerializeToUtf8Bytes(runs[i], RunFileJson.Default.RunRequest).Length;
            if (bytes > MostBytes && part.Count > 0) break;
            part.Add(runs[i]);
        }

        return part;
    }
}
