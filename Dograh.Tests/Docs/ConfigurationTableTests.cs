using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Dograh.Api;
using Dograh.Api.Access;
using Dograh.Api.Bins;
using Dograh.WebConsole;
using Dograh.Webhooks;
using Dograh.Webhooks.Configuration;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Deliveries;
using Dograh.Webhooks.Quotas;
using Dograh.Webhooks.Retention;
using Dograh.Webhooks.Sending;

namespace Dograh.Tests.Docs;

/// <summary>The table in <c>docs/configuration.md</c> says what the code does.</summary>
public sealed partial class ConfigurationTableTests
{
    private static readonly (string Section, object Defaults)[] Options =
    [
        (SecretsOptions.SectionName, new SecretsOptions()),
        (AdminOptions.SectionName, new AdminOptions()),
        (ApiOptions.SectionName, new ApiOptions()),
        (ConsoleOptions.SectionName, new ConsoleOptions()),
        (BinsOptions.SectionName, new BinsOptions()),
        (QuotaOptions.SectionName, new QuotaOptions()),
        (DatabaseOptions.SectionName, new DatabaseOptions()),
        (WebhookDeliveryOptions.SectionName, new WebhookDeliveryOptions()),
        (RetentionOptions.SectionName, new RetentionOptions()),
        (EgressOptions.SectionName, new EgressOptions()),
    ];

    private static readonly List<(string Setting, string Variable, string Default, string Meaning)> Rows =
    [
        .. Markdown.Open("docs/configuration.md").Table("setting", "environment name", "default", "what it does")
            .Select(row => (Markdown.Plain(row["setting"]), Markdown.Plain(row["environment name"]), row["default"], row["what it does"])),
    ];

    [Fact]
    public void It_has_every_setting_of_every_options_class_and_no_other()
    {
        string[] besides = [$"ConnectionStrings:{ConnectionNames.Database}", $"ConnectionStrings:{ConnectionNames.Redis}", "OTEL_EXPORTER_OTLP_ENDPOINT`, …"];

        Assert.Equal(Defaults().Select(setting => setting.Name).Concat(besides).Order(), Rows.Select(row => row.Setting).Order());
    }

    [Fact]
    public void It_gives_the_flat_environment_names_that_are_read() =>
        Assert.Equal(
            FlatEnvironmentNames.Settings.Select(name => (name.Value, name.Key)).Order(),
            Rows.Where(row => FlatName().IsMatch(row.Variable)).Select(row => (row.Setting, row.Variable)).Order());

    [Fact]
    public void It_gives_the_defaults_of_the_code() =>
        Assert.Equal(
            Defaults().Order(), Rows.Where(row => Defaults().Any(setting => setting.Name == row.Setting)).Select(row => (row.Setting, row.Default)).Order());

    [Fact]
    public void The_READMEs_schedule_is_that_of_the_defaults()
    {
        var options = new WebhookDeliveryOptions();
        var waits = Enumerable.Range(1, 3).Select(n => $"{Backoff.AfterAttempt(n, options.BaseDelaySeconds, options.MaxDelaySeconds, 0, 0, retryAfter: null)} s");

        Assert.Contains(
            $"{string.Join(", ", waits)}, … up to {options.MaxDelaySeconds / 60} min, five attempts", Markdown.Open("README.md").Text, StringComparison.Ordinal);
        Assert.Equal(5, options.MaxAttempts);
    }

    [Fact]
    public void It_gives_the_limits_that_are_held()
    {
        var limited = Rows.Select(row => (row.Setting, Limits: Range().Match(row.Meaning))).Where(row => row.Limits.Success).ToList();

        Assert.NotEmpty(limited);
        Assert.All(limited, row =>
        {
            Assert.True(IsValid(row.Setting, row.Limits.Groups["least"].Value));
            Assert.True(IsValid(row.Setting, row.Limits.Groups["most"].Value));
            Assert.False(IsValid(row.Setting, $"{int.Parse(row.Limits.Groups["least"].Value, CultureInfo.InvariantCulture) - 1}"));
            Assert.False(IsValid(row.Setting, $"{int.Parse(row.Limits.Groups["most"].Value, CultureInfo.InvariantCulture) + 1}"));
        });
    }

    private static IEnumerable<(string Name, string Default)> Defaults() =>
        from options in Options
        from property in options.Defaults.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        select ($"{options.Section}:{property.Name}", Text(property.GetValue(options.Defaults)));

    private static string Text(object? value) => value switch
    {
        null => "none",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static bool IsValid(string setting, string value)
    {
        var options = new WebhookDeliveryOptions();
        var property = typeof(WebhookDeliveryOptions).GetProperty(setting.Split(':')[1])!;
        property.SetValue(options, Convert.ChangeType(value, property.PropertyType, CultureInfo.InvariantCulture));
        return new WebhookDeliveryOptionsValidator().Validate(name: null, options).Succeeded;
    }

    [GeneratedRegex("^[A-Z][A-Z_]+$", RegexOptions.None, 1000)]
    private static partial Regex FlatName();

    [GeneratedRegex(@", (?<least>\d+)–(?<most>\d+);", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Range();
}
