using System.Text.Json;
using System.Text.Json.Nodes;
using GetStream;
using GetStream.Models;
using Microsoft.Extensions.Options;
using StreamGateway.Engine;
using StreamGateway.Errors;
using StreamGateway.Native.Rtc;
using StreamGateway.Upstream;

namespace StreamGateway.Sessions;

/// <summary>Makes a join request come true: the user in Stream, a token for it, and the native session.</summary>
internal sealed class SessionJoiner(
    EngineHost engine, StreamConnection stream, Lazy<StreamClient> client, IOptions<SessionPoolOptions> options)
{
    /// <exception cref="StreamApiException">Stream refused the user.</exception>
    /// <exception cref="RtcException">The join failed; nothing of it is left.</exception>
    public async Task<RtcSession> JoinAsync(JoinRequest request, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var user = request.Participant();
        if (request.Mock is null)
        {
            await UpsertAsync(user, cancellationToken);
        }

        var left = options.Value.JoinTimeout - TimeProvider.System.GetElapsedTime(started);
        return await engine.Engine.JoinAsync(ToNative(request, user, left), cancellationToken);
    }

    /// <exception cref="ProblemException">The request asks for what the settings do not allow.</exception>
    public void Check(JoinRequest request)
    {
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

    // Stream answers a join of a user it has never seen with an error, so the user is made first.
    private async Task UpsertAsync(JoinUser user, CancellationToken cancellationToken) =>
        _ = await client.Value.Common.UpdateUsersAsync(
            new UpdateUsersRequest
            {
                Users = new Dictionary<string, UserRequest>
                {
                    [user.Id!] = new()
                    {
                        Id = user.Id!,
                        Name = user.Name,
                        Image = user.Image,
                        Role = user.Role,
                        Custom = user.Custom is { } custom ? JsonObject.Create(custom) : null,
                    },
                },
            },
            new GetStream.Http.RequestOptions { Timeout = options.Value.JoinTimeout },
            cancellationToken);

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
            User = new RtcUser { Id = user.Id!, Name = user.Name, Image = user.Image, Custom = user.Custom },
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

    private static TimeSpan? Milliseconds(int? value) => value is { } given ? TimeSpan.FromMilliseconds(given) : null;
}
