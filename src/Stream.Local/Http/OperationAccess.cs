namespace GetStream.Local.Http;

/// <summary>Who may call an operation at all; what they may do then is decided per call.</summary>
internal enum OperationAccess
{
    /// <summary>Anyone with the API key, with or without a token.</summary>
    Public,

    /// <summary>Users, guests, anonymous users and servers.</summary>
    User,

    /// <summary>Holders of the API secret.</summary>
    Server,
}
