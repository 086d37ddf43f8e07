using GetStream.Local.Http;

namespace GetStream.Local.Coordinator;

/// <summary>A family of operations that belong together.</summary>
internal interface IOperationFamily
{
    void Map(OperationTable operations);
}
