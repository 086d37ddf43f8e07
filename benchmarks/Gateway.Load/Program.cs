using System.CommandLine;
using StreamGateway.Load;

// Every scenario starts a gateway of its own, drives it over HTTP alone, prints its figures and stops it.
var gateway = new Option<FileInfo>("--gateway")
{
    Description = "Gateway.dll to start",
    DefaultValueFactory = _ => new FileInfo("artifacts/bin/Gateway/release/Gateway.dll"),
    Recursive = true,
};

var root = new RootCommand("Load scenarios of Stream Gateway; README.md says how to read each") { gateway };

var count = new Option<int>("--count") { Description = "How many", DefaultValueFactory = _ => 200 };
var join = new Command("join", "Joins one after the other into a call where somebody speaks") { count };
join.SetAction((result, ct) => GatewayProcess.RunAsync(
    result.GetRequiredValue(gateway), process => JoinScenario.RunAsync(process, result.GetValue(count), ct), ct));
root.Add(join);

var calls = new Option<int>("--calls") { Description = "Calls of two sessions each", DefaultValueFactory = _ => 30 };
var seconds = new Option<int>("--seconds") { Description = "How long they speak", DefaultValueFactory = _ => 60 };
var talk = new Command("talk", "Two sessions a call, all speaking, listening and reading events") { calls, seconds };
talk.SetAction((result, ct) => GatewayProcess.RunAsync(
    result.GetRequiredValue(gateway),
    process => TalkScenario.RunAsync(process, result.GetValue(calls), result.GetValue(seconds), ct), ct));
root.Add(talk);

var cycleCount = new Option<int>("--count") { Description = "How many", DefaultValueFactory = _ => 1000 };
var cycles = new Command("cycles", "Joins and leaves, then looks for what was left behind") { cycleCount };
cycles.SetAction((result, ct) => GatewayProcess.RunAsync(
    result.GetRequiredValue(gateway),
    process => CyclesScenario.RunAsync(process, result.GetValue(cycleCount), ct), ct));
root.Add(cycles);

var resumeCount = new Option<int>("--count") { Description = "How many", DefaultValueFactory = _ => 100 };
var resume = new Command("resume", "Cuts an event reader and resumes it, during traffic") { resumeCount };
resume.SetAction((result, ct) => GatewayProcess.RunAsync(
    result.GetRequiredValue(gateway),
    process => ResumeScenario.RunAsync(process, result.GetValue(resumeCount), ct), ct));
root.Add(resume);

var bursts = new Option<int>("--count") { Description = "How many bursts of speech", DefaultValueFactory = _ => 40 };
var voice = new Command("voice", "Two voice sockets in a call: mouth to ear, and the silence after a flush") { bursts };
voice.SetAction((result, ct) => GatewayProcess.RunAsync(
    result.GetRequiredValue(gateway),
    process => VoiceScenario.RunAsync(process, result.GetValue(bursts), ct), ct));
root.Add(voice);

return await root.Parse(args).InvokeAsync();
