// A program on the types that openapi-typescript made of the gateway's description: operations of every product of
// Stream and of the gateway's own. It has to compile, strictly, and to work.
import type { components, paths } from "#gateway";

type Method = "get" | "post" | "put" | "patch" | "delete";
type PathWith<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: object } ? P : never }[keyof paths];
type Operation<M extends Method, P extends keyof paths> = paths[P] extends { [K in M]: infer O } ? O : never;
type Json<T> = T extends { content: { "application/json": infer J } } ? J : undefined;
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201)]> : never;
type Body<O> = O extends { requestBody: { content: { "application/json": infer J } } } ? { body: J } : { body?: undefined };
type Given<O, K extends "path" | "query"> = O extends { parameters: { [key in K]?: infer V } } ? (undefined extends V ? { [key in K]?: V } : { [key in K]: V }) : {};
type Call = <M extends Method, P extends PathWith<M>>(
  method: M, path: P, given: Body<Operation<M, P>> & Given<Operation<M, P>, "path"> & Given<Operation<M, P>, "query">,
) => Promise<Answer<Operation<M, P>>>;
type Problem = components["schemas"]["Problem"] | components["schemas"]["Stream.APIError"];

class Refused extends Error {
  constructor(readonly status: number, readonly problem: Problem) {
    super(`${status}: ${JSON.stringify(problem)}`);
  }
}

const [baseUrl] = process.argv.slice(2);

const call: Call = async (method: string, path: string, given: { body?: unknown; path?: any; query?: any }): Promise<any> => {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(given.path[name]));
  const pairs = Object.entries(given.query ?? {}).map(([name, value]) => [name, String(value)]);
  const response = await fetch(`${baseUrl}${filled}?${new URLSearchParams(pairs)}`, {
    method: method.toUpperCase(),
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given.body),
  });
  const text = await response.text();
  if (!response.ok) throw new Refused(response.status, JSON.parse(text));
  return text === "" ? undefined : JSON.parse(text);
};

async function refused(act: () => Promise<unknown>) {
  try {
    return { unexpected: await act() };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { status: error.status, code: error.problem.code };
  }
}

const print = (step: string, got: unknown) => console.log(JSON.stringify({ step, got }));

const users = await call("post", "/api/v2/users", { body: { users: { tess: { id: "tess", name: "Tess", custom: { n: 1 } } } } });
print("common", users.users["tess"]?.name);

const video = await call("post", "/api/v2/video/call/{type}/{id}", {
  path: { type: "default", id: "typed" },
  body: { data: { created_by_id: "tess", members: [{ user_id: "tess" }] } },
});
const read = await call("get", "/api/v2/video/call/{type}/{id}", { path: { type: "default", id: "typed" }, query: { members_limit: 1 } });
print("video", [video.created, read.call.cid, read.members.map((member) => member.user_id)]);

print("chat", await refused(() => call("post", "/api/v2/chat/channels/{type}/{id}/query", {
  path: { type: "messaging", id: "typed" }, body: { data: { created_by_id: "tess" }, state: true },
})));
print("feeds", await refused(() => call("post", "/api/v2/feeds/activities", { body: { type: "post", feeds: ["user:tess"], text: "hello" } })));
print("moderation", await refused(() => call("post", "/api/v2/moderation/check", {
  body: { entity_type: "stream:user", entity_id: "tess", entity_creator_id: "tess" },
})));

const token = await call("post", "/v1/tokens", { body: { user_id: "tess", expires_in: 60 } });
print("token", [token.user_id, token.token.split(".").length]);

const session = await call("post", "/v1/sessions", { body: { call_cid: "default:typed", user_id: "tess", metadata: { by: "types" } } });
const listed = await call("get", "/v1/sessions", { query: { user_id: "tess", limit: 5 } });
print("session", [session.state, session.metadata, listed.sessions.length]);
await call("delete", "/v1/sessions/{id}", { path: { id: session.id } });
print("left", (await call("get", "/v1/sessions/{id}", { path: { id: session.id } })).state);
print("problem", await refused(() => call("get", "/v1/sessions/{id}", { path: { id: "none" } })));

// What the description does not allow does not compile.
export function never() {
  // @ts-expect-error: user_id is missing
  void call("post", "/v1/tokens", { body: {} });
  // @ts-expect-error: a call has no DELETE
  void call("delete", "/api/v2/video/call/{type}/{id}", { path: { type: "default", id: "x" } });
  // @ts-expect-error: the parameter is called members_limit
  void call("get", "/api/v2/video/call/{type}/{id}", { path: { type: "default", id: "x" }, query: { membersLimit: 1 } });
  // @ts-expect-error: an activity has a type
  void call("post", "/api/v2/feeds/activities", { body: { feeds: [] } });
}
