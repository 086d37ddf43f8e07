namespace StreamGateway.Sessions;

/// <summary>joining → joined ⇄ reconnecting → leaving → left; failed instead of left when it did not end well.</summary>
internal enum SessionState
{
    Joining,
    Joined,
    Reconnecting,
    Leaving,
    Left,
    Failed,
}
