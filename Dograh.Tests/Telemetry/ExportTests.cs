using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;

namespace Dograh.Tests.Telemetry;

/// <summary>Which signals leave a service, by the variables that OpenTelemetry's standard names.</summary>
public sealed class ExportTests
{
    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/v1/traces", true, false, false)]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "/v1/metrics", false, true, false)]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "/v1/logs", false, false, true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "", true, true, true)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", null, false, false, false)]
    public async Task A_signal_is_made_and_sent_where_its_endpoint_or_that_of_all_is_set(string variable, string? path, bool traces, bool metrics, bool logs)
    {
        await using var otlp = await OtlpReceiver.StartAsync();
        // A source of its own: others record what the rest of the tests do.
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = $"service-{Guid.NewGuid():N}" });
        builder.Configuration.AddInMemoryCollection([new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), new(variable, path is null ? " " : otlp.Url + path)]);
        builder.ConfigureOpenTelemetry();
        using var source = new ActivitySource(builder.Environment.ApplicationName);
        (bool Traces, bool Metrics, bool Logs) made;
        using (var host = builder.Build())
        {
            await host.StartAsync(TestContext.Current.CancellationToken);
            var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("a service");
            using (var span = source.StartActivity("a span")) made = (span is not null, host.Services.GetService<MeterProvider>() is not null, logger.IsEnabled(LogLevel.Critical));
            Say(logger);
            // What is still to be sent is sent at the end.
            await host.StopAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal((traces, metrics, logs), made);
        Assert.Equal(
            (traces, metrics, logs), (otlp.Spans.Any(span => span.Name == "a span"), otlp.Metrics.Count > 0, otlp.Logs.Any(record => record.Body == "a record")));
    }

    private static readonly Action<ILogger, Exception?> SayRecord = LoggerMessage.Define(LogLevel.Critical, new EventId(1), "a record");

    private static void Say(ILogger logger) => SayRecord(logger, null);
}
