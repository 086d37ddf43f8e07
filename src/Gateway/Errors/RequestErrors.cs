namespace StreamGateway.Errors;

/// <summary>Collects what is wrong with a request, so that one answer lists every bad field.</summary>
internal sealed class RequestErrors
{
    /// <summary>Bounds the answer to a request that is wrong everywhere.</summary>
    private const int MaximumFields = 100;

    private readonly Dictionary<string, List<string>> _errors = [];

    /// <param name="field">Path of the field, such as <c>user.id</c>.</param>
    /// <param name="problem">Completes a sentence that begins with the field, such as "is missing".</param>
    public void Add(string field, string problem)
    {
        if (_errors.TryGetValue(field, out var problems))
        {
            problems.Add(problem);
        }
        else if (_errors.Count < MaximumFields)
        {
            _errors[field] = [problem];
        }
    }

    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
        {
            throw ToProblem();
        }
    }

    /// <summary>What was collected; there must be something.</summary>
    public ProblemException ToProblem()
    {
        var (field, problems) = _errors.First();
        var more = _errors.Count > 1 ? $", and {_errors.Count - 1} more" : "";
        return new ProblemException(ProblemTypes.InvalidRequest, $"`{field}` {problems[0]}{more}.")
        {
            Errors = _errors.ToDictionary(error => error.Key, error => error.Value.ToArray()),
        };
    }
}
