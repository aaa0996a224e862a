using System.Globalization;
using Dograh.Bench.Roles;
using Dograh.Bench.Scenarios;
using Dograh.Bench.Stack;

if (args is ["receiver", var receiverPort]) { await ReceiverRole.RunAsync(int.Parse(receiverPort, CultureInfo.InvariantCulture)); return 0; }
if (args is ["bare-api", var barePort]) { await BareApiRole.RunAsync(int.Parse(barePort, CultureInfo.InvariantCulture)); return 0; }
if (args is ["load"]) { await LoadRole.RunAsync(); return 0; }

var n = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 60000;
var rounds = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 3;
await using var stack = await BenchStack.StartAsync(new Dictionary<string, string?>());
var size = new BenchSize(n, rounds);
var scenario = DrainScenario.Create(stack, size);
for (var round = 0; round < rounds; round++)
{
    foreach (var side in scenario.Sides)
    {
        var s = await side.RunAsync();
        Console.WriteLine($"{side.Name,-8} {s.PerSecond,9:0}/s cpu/1000 {s.CpuSecondsPerThousand:0.000} wal {s.Database?.WalBytes / s.Count:0} stm {s.Database?.Statements / s.Count:0.0000} tx {s.Database?.Transactions / s.Count:0.0000} | " +
            string.Join(" ", s.Processes.Select(p => $"{p.Key} {p.Value.CpuSeconds / s.Count * 1000:0.000}s {p.Value.PeakRssBytes / 1048576}MB")));
    }
}
return 0;
