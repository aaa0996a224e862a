using System.Diagnostics.Metrics;
using Dograh.Tests.Support;
using Dograh.Webhooks.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dograh.Tests.Docs;

/// <summary>The tables in <c>docs/telemetry.md</c> say what the code does.</summary>
public sealed class TelemetryTableTests(TestServers servers) : DatabaseTest(servers)
{
    [Fact]
    public async Task It_has_every_instrument_with_its_kind_and_its_unit_and_no_other()
    {
        await using var redis = await Servers.RentRedisAsync();
        await using var worker = TestWorker.Compose(Database, redis.ConnectionString);
        // The gauges come with the services that look at the backlog, the others with the class that names them.
        Assert.NotEmpty(worker.Services.GetServices<IHostedService>());
        Assert.NotNull(DograhTelemetry.Created);
        var instruments = new HashSet<(string Name, string Kind, string? Unit)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == DograhTelemetry.Name) instruments.Add((instrument.Name, KindOf(instrument), instrument.Unit));
            },
        };

        listener.Start();

        var documented = Markdown.Open("docs/telemetry.md").Table("instrument", "kind", "unit", "tags", "question")
            .Select(row => (Markdown.Plain(row["instrument"]), row["kind"], (string?)row["unit"]));
        Assert.Equal(documented.Order(), instruments.Order());
    }

    private static string KindOf(Instrument instrument) => instrument switch
    {
        Counter<long> => "counter",
        Histogram<double> => "histogram",
        ObservableGauge<long> or ObservableGauge<double> => "gauge",
        _ => instrument.GetType().Name,
    };
}
