using System.Security.Claims;
using System.Text.Json;
using GetStream;
using Microsoft.Extensions.Options;
using StreamGateway.Auth;
using StreamGateway.Engine;
using StreamGateway.Errors;
using StreamGateway.Native.Rtc;
using StreamGateway.Upstream;

namespace StreamGateway.Sessions;

/// <summary>Makes a join request come true: the user in Stream, a token for it, and the native session.</summary>
internal sealed class SessionJoiner(
    EngineHost engine, StreamConnection stream, UserProfiles users, IOptions<SessionPoolOptions> options)
{
    /// <param name="mayChangeUsers">Whether whoever asks may change a user that exists.</param>
    /// <exception cref="ProblemException">The user exists and must not be changed.</exception>
    /// <exception cref="StreamApiException">Stream refused the user.</exception>
    /// <exception cref="RtcException">The join failed; nothing of it is left.</exception>
    public async Task<RtcSession> JoinAsync(JoinRequest request, bool mayChangeUsers, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var user = request.Participant();
        if (request.Mock is null)
        {
            await users.PrepareAsync(user, mayChangeUsers, options.Value.JoinTimeout, cancellationToken);
        }

        var left = options.Value.JoinTimeout - TimeProvider.System.GetElapsedTime(started);
        return await engine.Engine.JoinAsync(ToNative(request, user, left), cancellationToken);
    }

    /// <exception cref="ProblemException">The request asks for what the settings, or the caller's scopes, do not allow.</exception>
    public void Check(JoinRequest request, ClaimsPrincipal caller)
    {
        if (request.User?.Role is not null && !caller.MayUse(Scopes.Rest))
        {
            throw new ProblemException(
                ProblemTypes.InsufficientScope, $"`user.role` changes the Stream application and needs a key with the scope {Scopes.Rest}.");
        }

        if (request.Mock is not null && options.Value.MockDirectory is null)
        {
            var errors = new RequestErrors();
            errors.Add("mock", "is not allowed here: the service has no Sessions:MockDirectory");
            errors.ThrowIfAny();
        }
    }

    /// <summary>Gives a session that asks for it a fresh token of its user.</summary>
    /// <exception cref="RtcException">The session has ended.</exception>
    public Task RenewTokenAsync(RtcSession session) => session.SetTokenAsync(stream.CreateUserToken(session.UserId));

    private RtcJoinOptions ToNative(JoinRequest request, JoinUser user, TimeSpan timeout)
    {
        var call = request.Call();
        return new RtcJoinOptions
        {
            CoordinatorUrl = stream.VideoBaseUrl.ToString().TrimEnd('/'),
            ApiKey = stream.Options.ApiKey,
            Token = stream.CreateUserToken(user.Id!),
            CallType = call.Type,
            CallId = call.Id,
            User = UserFor(request, user),
            Create = request.Create is null or { ValueKind: not JsonValueKind.False },
            Data = request.Create is { ValueKind: JsonValueKind.Object } data ? data : null,
            Ring = request.Ring,
            Notify = request.Notify,
            Subscribe = request.Subscribe?.ToNative(),
            Reconnect = request.Reconnect is { } reconnect
                ? new RtcReconnect { Enabled = reconnect.Enabled, Deadline = Milliseconds(reconnect.DeadlineMs) }
                : null,
            LeaveWhenAlone = Milliseconds(request.LeaveWhenAloneMs),
            MaxDuration = Milliseconds(request.MaxDurationMs),
            Timeout = timeout,
            Packets = request.Packets,
            Mock = request.Mock?.ToNative(options.Value.MockDirectory!),
        };
    }

    /// <summary>Of a call at Stream the library names the user by the id alone: what it says is told whenever it connects again.</summary>
    private static RtcUser UserFor(JoinRequest request, JoinUser user) => request.Mock is null
        ? new RtcUser { Id = user.Id! }
        : new RtcUser { Id = user.Id!, Name = user.Name, Image = user.Image, Custom = user.Custom };

    private static TimeSpan? Milliseconds(int? value) => value is { } given ? TimeSpan.FromMilliseconds(given) : null;
}
