using Dograh.Api;
using Dograh.Webhooks.Configuration;

return await HostRunner.ExplainAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.Configuration.AddFlatEnvironmentNames();
    builder.AddServiceDefaults();
    builder.AddDograhApi();

    await using var app = builder.Build();
    if (args is [MigrateCommand.Name, ..]) return await MigrateCommand.RunAsync(app.Services, args.ElementAtOrDefault(1));

    app.MapDograhApi();
    return await app.RunCheckedAsync();
});
