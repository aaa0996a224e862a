using Dograh.Webhooks.Configuration;
using Dograh.Worker;

return await HostRunner.RunOrExplainAsync(() =>
{
    var builder = Host.CreateApplicationBuilder(args);
    builder.Configuration.AddFlatEnvironmentNames();
    builder.AddServiceDefaults();
    builder.AddDograhWorker();
    return builder.Build();
});
