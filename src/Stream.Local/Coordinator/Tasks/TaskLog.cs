using System.Text.Json.Nodes;
using GetStream.Local.Store;

namespace GetStream.Local.Coordinator.Tasks;

/// <summary>Notes work that Stream does later and tells of by task id; here it is done at once.</summary>
internal sealed class TaskLog(StateStore store, TimeProvider clock)
{
    /// <returns>The id to ask for it by.</returns>
    public string Add(JsonObject? export = null)
    {
        var task = new TaskState { Id = Guid.NewGuid().ToString(), CreatedAt = clock.GetUtcNow(), Export = export };
        store.Tasks.Put(task.Id, task);
        return task.Id;
    }
}
