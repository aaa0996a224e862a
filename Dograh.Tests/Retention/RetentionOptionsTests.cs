using Dograh.Webhooks.Retention;

namespace Dograh.Tests.Retention;

public sealed class RetentionOptionsTests
{
    public static TheoryData<string, double, string> Faults => new()
    {
        { "Days", -1, "Retention:Days (RETENTION_DAYS) must be from 0 to 36500, but is -1." },
        { "DeadLetterDays", 36_501, "Retention:DeadLetterDays (RETENTION_DEAD_LETTER_DAYS) must be from 0 to 36500, but is 36501." },
        { "AuditDays", -0.5, "Retention:AuditDays (RETENTION_AUDIT_DAYS) must be from 0 to 36500, but is -0.5." },
        { "PayloadDays", double.NaN, "Retention:PayloadDays (RETENTION_PAYLOAD_DAYS) must be from 0 to 36500, but is NaN." },
    };

    [Fact]
    public void The_defaults_are_thirty_days_ninety_for_dead_letters_and_the_payload_as_long_as_its_delivery()
    {
        var defaults = new RetentionOptions();

        Assert.Equal((30, 90, 0), (defaults.Days, defaults.DeadLetterDays, defaults.PayloadDays));
        Assert.True(new RetentionOptionsValidator().Validate(null, defaults).Succeeded);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_value_that_cannot_work_is_refused_by_both_names_of_its_setting(string setting, double value, string message)
    {
        var options = new RetentionOptions();
        typeof(RetentionOptions).GetProperty(setting)!.SetValue(options, value);

        Assert.Equal(message, Assert.Single(new RetentionOptionsValidator().Validate(null, options).Failures!));
    }

    [Fact]
    public void Every_setting_has_a_case_above() =>
        Assert.Equal(
            typeof(RetentionOptions).GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal),
            Faults.Select(fault => fault.Data.Item1).Order(StringComparer.Ordinal));
}
