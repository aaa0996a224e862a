using System.Reflection;
using Dograh.Tests.Support;
using Dograh.Webhooks.Redaction;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dograh.Tests.Telemetry;

/// <summary>What is logged is redacted by its class, at every level, whoever gets it.</summary>
public sealed partial class LogRedactionTests
{
    [Theory]
    [InlineData(LogLevel.Trace)]
    [InlineData(LogLevel.Critical)]
    public void Each_class_has_its_own_redaction(LogLevel level)
    {
        using var log = new TestLog();
        using var host = NewHost(log);
        var logger = host.Services.GetRequiredService<ILogger<LogRedactionTests>>();

        LogAll(logger, level, "planted-1", "it said token=planted-2", "https://crm.example:8443/planted-3?key=planted-4", null, "plain");

        var message = Assert.Single(log.Entries).Message;
        Assert.Equal("[REDACTED]; it said token=[REDACTED]; https://crm.example:8443; plain", message.Replace("(null)", "", StringComparison.Ordinal).Replace("; ;", ";", StringComparison.Ordinal));
    }

    [Fact]
    public void A_class_that_nobody_has_thought_of_is_erased()
    {
        using var log = new TestLog();
        using var host = NewHost(log);

        LogUnforeseen(host.Services.GetRequiredService<ILogger<LogRedactionTests>>(), "planted");

        Assert.Equal("[REDACTED]", Assert.Single(log.Entries).Message);
    }

    // A parameter that says what somebody else has said, and is not marked, would pass the net.
    [Fact]
    public void Every_failure_that_is_logged_is_marked()
    {
        var parameters = ((string[])["Dograh.Webhooks", "Dograh.Api", "Dograh.Worker"]).Select(Assembly.Load).SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(method => method.GetCustomAttribute<LoggerMessageAttribute>() is not null).SelectMany(method => method.GetParameters()).ToList();

        var failures = parameters.Where(parameter => parameter.ParameterType == typeof(string) && parameter.Name is "error" or "reason" or "fault").ToList();
        Assert.True(failures.Count > 10);
        Assert.Empty(failures.Where(parameter => parameter.GetCustomAttribute<FailureTextAttribute>() is null).Select(parameter => $"{parameter.Member.DeclaringType}.{parameter.Member.Name}: {parameter.Name}"));
        var urls = parameters.Where(parameter => parameter.ParameterType == typeof(string) && parameter.Name is "origin" or "url").ToList();
        Assert.NotEmpty(urls);
        Assert.Empty(urls.Where(parameter => parameter.GetCustomAttribute<ReceiverUrlAttribute>() is null).Select(parameter => $"{parameter.Member.DeclaringType}.{parameter.Member.Name}"));
    }

    private static IHost NewHost(TestLog log)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Trace).RedactByClass();
        return builder.Build();
    }

    [LoggerMessage(EventId = 1, Message = "{Key}; {Said}; {Url}; {Nothing}; {Plain}")]
    private static partial void LogAll(ILogger logger, LogLevel level, [Secret] string key, [FailureText] string said, [ReceiverUrl] string url, [FailureText] string? nothing, string plain);

    [LoggerMessage(2, LogLevel.Trace, "{Value}")]
    private static partial void LogUnforeseen(ILogger logger, [Unforeseen] string value);

    [AttributeUsage(AttributeTargets.Parameter)]
    private sealed class UnforeseenAttribute() : Microsoft.Extensions.Compliance.Classification.DataClassificationAttribute(new("Another", "Unforeseen"));
}
