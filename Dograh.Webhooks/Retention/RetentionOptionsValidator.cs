using Dograh.Webhooks.Configuration;
using Microsoft.Extensions.Options;

namespace Dograh.Webhooks.Retention;

/// <summary>Stops the process at start over a setting that cannot work, and names it.</summary>
public sealed class RetentionOptionsValidator : IValidateOptions<RetentionOptions>
{
    // A hundred years: what PostgreSQL can reckon with, and nobody needs more.
    private const double MaxDays = 36_500;

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, RetentionOptions options)
    {
        var faults = new List<string>();
        Check(nameof(options.Days), options.Days);
        Check(nameof(options.DeadLetterDays), options.DeadLetterDays);
        Check(nameof(options.PayloadDays), options.PayloadDays);
        Check(nameof(options.AuditDays), options.AuditDays);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Check(string setting, double value)
        {
            // Written so that NaN fails too.
            if (value is >= 0 and <= MaxDays) return;
            var described = FlatEnvironmentNames.Describe($"{RetentionOptions.SectionName}:{setting}");
            faults.Add($"{described} must be from 0 to {MaxDays}, but is {value}.");
        }
    }
}
