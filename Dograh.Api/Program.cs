using Dograh.Api;
using Dograh.Webhooks.Configuration;
using Dograh.Webhooks.Credentials;
using Dograh.Webhooks.Data;
using Dograh.Webhooks.Redaction;
using Microsoft.Extensions.Options;

return await HostRunner.ExplainAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.Configuration.AddFlatEnvironmentNames();
    builder.AddServiceDefaults();
    if (args is [MigrateCommand.Name, ..])
    {
        // A deployment's step that needs the database and nothing else.
        builder.Logging.RedactByClass();
        builder.AddDograhDatabase();
        await using var migration = builder.Build();
        return await MigrateCommand.RunAsync(migration.Services, args.ElementAtOrDefault(1));
    }

    if (args is [ReencryptCommand.Name, ..])
    {
        builder.Logging.RedactByClass();
        builder.AddDograhDatabase().AddDograhSecrets();
        await using var reencryption = builder.Build();
        reencryption.Services.GetRequiredService<IStartupValidator>().Validate();
        return await ReencryptCommand.RunAsync(reencryption.Services, args[1..]);
    }

    builder.AddDograhApi();
    await using var app = builder.Build();
    app.MapDograhApi();
    return await app.RunCheckedAsync();
});
