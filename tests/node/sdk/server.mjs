// Stream's own server SDK for Node.js against whatever stands at a base URL. It prints what it did and what came
// back, a line of JSON each, and judges nothing: the test that starts it does.
//   node sdk/server.mjs BASE_URL API_KEY API_SECRET [GATEWAY_KEY]
import { StreamClient } from "@stream-io/node-sdk";

const [basePath, apiKey, secret, gatewayKey] = process.argv.slice(2);
const timeout = 20_000;
const server = new StreamClient(apiKey, secret, { basePath, timeout });
const run = Math.random().toString(36).slice(2, 8);
const [jane, joe, mia] = ["jane", "joe", "mia"].map((name) => `${name}-${run}`);

// Names of this run are printed without their random part.
const print = (step, got) =>
  console.log(JSON.stringify({ step, got }).replaceAll(`-${run}`, "").replaceAll(run, "RUN"));

async function does(step, act) {
  print(step, await act());
}

async function fails(step, act) {
  try {
    print(step, { unexpected: await act() });
  } catch (error) {
    const { message, code, metadata } = error;
    print(step, { status: metadata?.responseCode, code, message });
  }
}

/** The same SDK with another value for the header Authorization. */
function withAuthorization(value) {
  const client = new StreamClient(apiKey, secret, { basePath, timeout });
  for (const { apiConfig } of [client.apiClient, client.video.apiClient, client.chat.apiClient]) {
    apiConfig.token = value;
  }
  return client;
}

const ids = (list, of) => list.map(of).sort();

async function users() {
  await does("upsert users", async () => {
    const { users, metadata } = await server.upsertUsers([
      { id: jane, name: "Jane", role: "admin", custom: { team: run, nested: { n: 1.5 } } },
      { id: joe, name: "Joe Müller", custom: { team: run } },
      { id: mia, name: "Mia", custom: { team: run } },
    ]);
    const { name, role, custom, created_at } = users[jane];
    const { rateLimit, rateLimitRemaining, rateLimitReset } = metadata.rateLimit;
    return {
      users: Object.keys(users).sort(), jane: { name, role, custom }, created_at_is: created_at.constructor.name,
      fresh: Math.abs(Date.now() - created_at) < 60_000, status: metadata.responseCode,
      rate_limited: rateLimit > rateLimitRemaining && rateLimitReset > new Date(),
    };
  });
  await does("update a user partially", async () => {
    const { users } = await server.updateUsersPartial({ users: [{ id: jane, set: { "custom.city": "Zürich" }, unset: ["custom.nested"] }] });
    return users[jane].custom;
  });
  await does("query users by filter, sort and page", async () => {
    const page = (offset) => server.queryUsers({
      payload: {
        filter_conditions: { id: { $in: [jane, joe, mia] } }, sort: [{ field: "id", direction: -1 }], limit: 2, offset,
      },
    });
    const [first, second] = [await page(0), await page(2)];
    return [first, second].map(({ users }) => users.map((user) => user.id));
  });
  await does("query users by name", async () => {
    const { users } = await server.queryUsers({ payload: { filter_conditions: { id: { $in: [jane, joe] }, name: { $autocomplete: "joe m" } } } });
    return users.map((user) => user.name);
  });
  await does("deactivate and reactivate a user", async () => {
    const off = await server.deactivateUser({ user_id: mia });
    const on = await server.reactivateUser({ user_id: mia });
    return [!!off.user.deactivated_at, !!on.user.deactivated_at];
  });
  await does("block and unblock a user", async () => {
    await server.blockUsers({ blocked_user_id: joe, user_id: jane });
    const blocked = await server.getBlockedUsers({ user_id: jane });
    await server.unblockUsers({ blocked_user_id: joe, user_id: jane });
    const after = await server.getBlockedUsers({ user_id: jane });
    return [blocked.blocks.map((block) => block.blocked_user_id), after.blocks];
  });
  await does("create a guest", async () => {
    const { user, access_token } = await server.createGuest({ user: { id: `guest-${run}`, name: "Guest" } });
    return { role: user.role, has_token: access_token.split(".").length === 3 };
  });
  await does("devices", async () => {
    await server.createDevice({ id: `device-${run}`, push_provider: "firebase", user_id: jane });
    const { devices } = await server.listDevices({ user_id: jane });
    await server.deleteDevice({ id: `device-${run}`, user_id: jane });
    return [devices.map((device) => device.push_provider), (await server.listDevices({ user_id: jane })).devices];
  });
}

async function calls() {
  const id = `call-${run}`;
  const call = server.video.call("default", id);
  await does("create a call with members", async () => {
    const { call: made, created, members } = await call.getOrCreate({
      data: {
        created_by_id: jane, custom: { room: run, color: "red" }, members: [{ user_id: jane, role: "host" }, { user_id: joe }],
        settings_override: { audio: { default_device: "speaker", mic_default_on: false } },
      },
    });
    return {
      cid: made.cid, created, by: made.created_by.id, custom: made.custom, created_at_is: made.created_at.constructor.name,
      members: ids(members, (member) => `${member.user_id} ${member.role}`), mic: made.settings.audio.mic_default_on,
    };
  });
  await does("get it again", async () => {
    const again = await call.getOrCreate({ data: { created_by_id: joe } });
    return { created: again.created, by: (await call.get()).call.created_by.id };
  });
  await does("update it", async () => {
    const { call: updated } = await call.update({ custom: { color: "blue" }, starts_at: new Date("2031-02-03T04:05:06.789Z") });
    return { custom: updated.custom, starts_at: updated.starts_at };
  });
  await does("change members", async () => {
    const { members } = await call.updateCallMembers({ update_members: [{ user_id: mia, custom: { seat: 7 } }], remove_members: [joe] });
    return members.map((member) => ({ id: member.user_id, custom: member.custom }));
  });
  await does("query members", async () => {
    const all = await call.queryMembers({ sort: [{ field: "user_id", direction: 1 }] });
    const some = await call.queryMembers({ filter_conditions: { user_id: mia } });
    return [all, some].map(({ members }) => members.map((member) => member.user_id));
  });
  await does("query calls page by page", async () => {
    for (const n of [1, 2, 3]) {
      await server.video.call("default", `page-${n}-${run}`).getOrCreate({ data: { created_by_id: joe, custom: { pages: run } } });
    }
    const pages = [];
    for (let next; pages.length < 9;) {
      const page = await server.video.queryCalls({
        filter_conditions: { "custom.pages": run }, sort: [{ field: "cid", direction: -1 }], limit: 2, next,
      });
      pages.push(page.calls.map(({ call }) => call.id));
      if (!(next = page.next)) break;
    }
    return pages;
  });
  await does("block and unblock in a call", async () => {
    await call.blockUser({ user_id: mia });
    const blocked = (await call.get()).call.blocked_user_ids;
    await call.unblockUser({ user_id: mia });
    return [blocked, (await call.get()).call.blocked_user_ids];
  });
  await does("grant and revoke a permission", async () => {
    const { metadata } = await call.updateUserPermissions({ user_id: mia, grant_permissions: ["screenshare"], revoke_permissions: ["send-video"] });
    return metadata.responseCode;
  });
  await does("send an event", async () => (await call.sendCallEvent({ user_id: jane, custom: { hello: "world" } })).metadata.responseCode);
  await does("mute everybody", async () => (await call.muteUsers({ mute_all_users: true, audio: true, muted_by_id: jane })).metadata.responseCode);
  await does("recordings, transcriptions, participants", async () => [
    (await call.listRecordings()).recordings, (await call.listTranscriptions()).transcriptions,
    (await call.queryCallParticipants()).total_participants,
  ]);
  await does("go live and stop", async () => {
    const live = server.video.call("livestream", `live-${run}`);
    await live.getOrCreate({ data: { created_by_id: jane } });
    return [(await live.goLive()).call.backstage, (await live.stopLive()).call.backstage];
  });
  await does("end and delete", async () => {
    await call.end();
    const { ended_at } = (await call.get()).call;
    const deleted = await call.delete();
    return { ended: !!ended_at, deleted: deleted.call.id };
  });
  await fails("the deleted call is gone", () => call.get());
}

async function callTypes() {
  const name = `type-${run}`;
  await does("create, update, list and delete a call type", async () => {
    await server.video.createCallType({ name, grants: { user: ["join-call"] }, settings: { screensharing: { enabled: false, access_request_enabled: false } } });
    const updated = await server.video.updateCallType({ name, notification_settings: { enabled: false }, grants: { user: ["join-call", "send-audio"] } });
    const { call_types } = await server.video.listCallTypes();
    await server.video.deleteCallType({ name });
    return { grants: updated.grants.user, listed: name in call_types, builtin: ["default", "livestream"].every((type) => type in call_types) };
  });
  await fails("the deleted call type is gone", () => server.video.getCallType({ name }));
}

async function tokens() {
  const cid = `default:token-${run}`;
  await server.video.call("default", `token-${run}`).getOrCreate({ data: { created_by_id: jane } });
  const asJoe = withAuthorization(server.generateUserToken({ user_id: joe }));
  await does("a user's token acts as that user", async () => {
    const { call } = await asJoe.video.call("default", `by-joe-${run}`).getOrCreate();
    return call.created_by.id;
  });
  await fails("a user's token is no server's", () => asJoe.deactivateUser({ user_id: jane }));
  const inCall = withAuthorization(server.generateCallToken({ user_id: mia, call_cids: [cid], role: "admin" }));
  await does("a call token opens its call", async () => (await inCall.video.call("default", `token-${run}`).get()).call.cid);
  await fails("an expired token", () =>
    withAuthorization(server.generateUserToken({ user_id: joe, iat: 1_600_000_000, exp: 1_600_000_060 })).video.queryCalls());
  await fails("a token signed with another secret", () =>
    new StreamClient(apiKey, "another secret", { basePath, timeout }).video.queryCalls());
}

async function errors() {
  await fails("a call that never was", () => server.video.call("default", `never-${run}`).get());
  await fails("a call type that never was", () => server.video.call("nonesuch", `c-${run}`).getOrCreate({ data: { created_by_id: jane } }));
  await fails("a call nobody creates", () => server.video.call("default", `nobody-${run}`).getOrCreate());
  await fails("an unknown operator", () => server.queryUsers({ payload: { filter_conditions: { id: { $like: "a" } } } }));
  await fails("an operation of the other products", () => server.chat.listChannelTypes());
}

async function gatewaysKey() {
  const client = withAuthorization(`Bearer ${gatewayKey}`);
  await does("with a key of the gateway", async () => {
    const { users } = await client.upsertUsers([{ id: jane, name: "Jane again" }]);
    const { call } = await client.video.call("default", `key-${run}`).getOrCreate({ data: { created_by_id: jane } });
    return { name: users[jane].name, cid: call.cid };
  });
  await fails("with another key", () => withAuthorization("Bearer nonsense").video.queryCalls());
}

await users();
await calls();
await callTypes();
await tokens();
await errors();
if (gatewayKey) await gatewaysKey();
await does("delete users", async () => {
  const { task_id } = await server.deleteUsers({
    user_ids: [jane, joe, mia], user: "hard", messages: "hard", conversations: "hard", calls: "hard",
  });
  let { status } = await server.getTask({ id: task_id });
  for (let tries = 0; tries < 100 && !["completed", "failed"].includes(status); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    ({ status } = await server.getTask({ id: task_id }));
  }
  const { users } = await server.queryUsers({ payload: { filter_conditions: { id: { $in: [jane, joe, mia] } } } });
  return { status, left: users.length };
});
