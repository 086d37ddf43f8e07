using GetStream.Http;

namespace GetStream.Local.Tests.KeptOperations;

/// <summary>How an operation is called well, and badly.</summary>
/// <param name="Status">What the bad call answers.</param>
/// <param name="Code">Stream's code for it.</param>
internal sealed record OperationCase(Func<Scenario, Task<int>> Good, Func<Scenario, Task> Bad, int Status, int Code)
{
    /// <summary>A bad call that the server refuses as bad input.</summary>
    public static OperationCase Input<TGood, TBad>(
        Func<Scenario, Task<StreamResponse<TGood>>> good, Func<Scenario, Task<StreamResponse<TBad>>> bad) =>
        Of(good, bad, 400, 4);

    /// <summary>A bad call about something that is not there.</summary>
    public static OperationCase Unknown<TGood, TBad>(
        Func<Scenario, Task<StreamResponse<TGood>>> good, Func<Scenario, Task<StreamResponse<TBad>>> bad) =>
        Of(good, bad, 404, 16);

    /// <summary>A call by somebody who may not.</summary>
    public static OperationCase Forbidden<TGood, TBad>(
        Func<Scenario, Task<StreamResponse<TGood>>> good, Func<Scenario, Task<StreamResponse<TBad>>> bad) =>
        Of(good, bad, 403, 17);

    public static OperationCase Of<TGood, TBad>(
        Func<Scenario, Task<StreamResponse<TGood>>> good, Func<Scenario, Task<StreamResponse<TBad>>> bad, int status, int code) =>
        new(async scenario => (await good(scenario)).Status, bad, status, code);
}
