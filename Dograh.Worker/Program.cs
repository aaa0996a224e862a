using Dograh.Webhooks.Configuration;
using Dograh.Worker;

return await HostRunner.ExplainAsync(async () =>
{
    var builder = Host.CreateApplicationBuilder(args);
    builder.Configuration.AddFlatEnvironmentNames();
    builder.AddServiceDefaults();
    builder.AddDograhWorker();
    return await builder.Build().RunCheckedAsync();
});
