// Has the server deliver to a customer whose authorization server and GraphQL server others wrote, and checks what arrives.
// Argument: the URL of the server under test. Environment: RENDEZHOOK_ADMIN_KEY.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { AuthorizationServer } from "./authorization-server.mjs";
import { GraphQlServer } from "./graphql-server.mjs";
import { Receiver } from "./receiver.mjs";
import { Rendezhook, until } from "./rendezhook.mjs";

// The whole run may take this long, in milliseconds.
const LIMIT = 170_000;

const QUERY = "query Visit($id: ID!) { event(id: $id) { id title room { name floor } asked } }";

const authorizationServer = await AuthorizationServer.start();
const graphQlServer = await GraphQlServer.start();
const receiver = await Receiver.start(authorizationServer);
const rendezhook = new Rendezhook(process.argv[2], process.env.RENDEZHOOK_ADMIN_KEY);

function dooAuthentication({ id, secret }) {
  return {
    grant_type: "client_credentials",
    endpoint: authorizationServer.tokenUrl,
    credentials: { client_id: id, client_secret: secret },
    header_format: "Oauth-Token",
    header_value_format: "%ACCESS_TOKEN%",
  };
}

function nativeAuthentication({ id, secret }) {
  const token_url = authorizationServer.tokenUrl;
  return { type: "oauth2_client_credentials", token_url, client_id: id, client_secret: secret, scope: "hooks" };
}

function origin(query) {
  const body = JSON.stringify({ query, variables: { id: "%EVENT_ID%" }, operationName: "Visit" });
  return { method: "POST", endpoint: graphQlServer.url, body };
}

async function accepted(path, count) {
  return await until(`${count} deliveries at ${path}`, () => {
    const requests = receiver.at(path);
    return requests.length < count ? undefined : requests.at(-1);
  });
}

const wrongClient = { id: authorizationServer.sender.id, secret: "not the secret" };
let group;

// Each goes on from what the one before left.
const checks = {
  async "a doo hook gets the GraphQL server's answer under a valid token"() {
    const { sender } = authorizationServer;
    group = await rendezhook.hookEvents(receiver.target("/doo"), dooAuthentication(sender), origin(QUERY));
    await rendezhook.publish("visit-1", { title: "First visit" });
    const { method, headers, body, said } = await accepted("/doo", 1);
    assert.equal(method, "POST");
    assert.equal(headers["content-type"], "application/json");
    assert.equal(headers.authorization, undefined);
    assert.equal(said.client_id, sender.id);
    const room = { name: "Blue\nroom", floor: -1 };
    assert.deepEqual(JSON.parse(body), { data: { event: { id: "visit-1", title: "“visit-1”", room, asked: 1 } } });
    assert.equal(authorizationServer.issued, 1);
  },

  async "a token that is still valid is used again"() {
    await rendezhook.publish("visit-2", { title: "Second visit" });
    const { token, body } = await accepted("/doo", 2);
    assert.equal(JSON.parse(body).data.event.id, "visit-2");
    assert.equal(token, receiver.at("/doo")[0].token);
    assert.equal(authorizationServer.issued, 1);
  },

  async "after a revocation the delivery comes with a new token and a new answer"() {
    const revoked = receiver.at("/doo")[1].token;
    await authorizationServer.revoke(revoked, authorizationServer.sender);
    await rendezhook.publish("visit-2", { title: "Second visit, moved" });
    const { token, body } = await accepted("/doo", 3);
    assert.notEqual(token, revoked);
    assert.equal(JSON.parse(body).data.event.asked, 4, "the origin is asked anew for each attempt");
    assert.equal(authorizationServer.issued, 2);
    const [first] = await rendezhook.attempts("visit-2", receiver.target("/doo"), 2);
    assert.deepEqual([first.stage, first.status, first.succeeded], ["target", 401, false]);
    assert.ok(first.request.head.includes("oauth-token: [hidden]") && !first.request.head.includes(revoked));
  },

  async "many deliveries that meet a revoked token fetch one new token"() {
    const before = receiver.at("/doo");
    await authorizationServer.revoke(before.at(-1).token, authorizationServer.sender);
    const events = Array.from({ length: 30 }, (_, number) => `rush-${number}`);
    await Promise.all(events.map((event) => rendezhook.publish(event, { title: "One of many" })));
    await accepted("/doo", before.length + events.length);
    const requests = receiver.at("/doo").slice(before.length);
    const told = requests.map(({ body }) => JSON.parse(body).data.event.id);
    assert.deepEqual(told.toSorted(), events.toSorted(), "each event once");
    assert.equal(new Set(requests.map(({ token }) => token)).size, 1);
    assert.equal(authorizationServer.issued, 3);
    await rendezhook.unhook(group);
  },

  async "a wrong client secret is told as what it is, and not repeated"() {
    const target = receiver.target("/wrong-secret");
    group = await rendezhook.hookEvents(target, dooAuthentication(wrongClient), origin(QUERY));
    await rendezhook.publish("visit-3", { title: "Third visit" });
    const [attempt] = await rendezhook.attempts("visit-3", target, 1);
    assert.deepEqual([attempt.stage, attempt.status, attempt.succeeded], ["token", 401, false]);
    assert.match(attempt.request.head, /^POST \/token HTTP\/1.1\n/);
    assert.equal(JSON.parse(attempt.response.body).error, "invalid_client");
    assert.ok(!JSON.stringify(attempt).includes(wrongClient.secret));
    await rendezhook.unhook(group);
    assert.equal(receiver.at("/wrong-secret").length, 0);
  },

  async "a query that the GraphQL server refuses is told with its answer"() {
    const target = receiver.target("/wrong-query");
    const refused = origin("query Visit($id: ID!) { event(id: $id) { diagnosis } }");
    group = await rendezhook.hookEvents(target, dooAuthentication(authorizationServer.sender), refused);
    await rendezhook.publish("visit-4", { title: "Fourth visit" });
    const [attempt] = await rendezhook.attempts("visit-4", target, 1);
    assert.deepEqual([attempt.stage, attempt.cause?.code], ["origin", "origin_unusable"]);
    assert.match(attempt.response.body, /Cannot query field \\"diagnosis\\"/);
    await rendezhook.unhook(group);
    assert.equal(receiver.at("/wrong-query").length, 0);
  },

  async "an authorization server that is away is waited for"() {
    const target_url = receiver.target("/patient");
    const authentication = nativeAuthentication(authorizationServer.secondSender);
    const retry_schedule_seconds = Array(20).fill(1);
    const wanted = { target_url, authentication, actions: ["event.*"], retry_schedule_seconds };
    await rendezhook.call("POST", "/api/v1/subscriptions", wanted);
    await authorizationServer.pause();
    await rendezhook.publish("visit-5", { title: "Fifth visit" });
    const [attempt] = await rendezhook.attempts("visit-5", target_url, 1);
    assert.deepEqual([attempt.stage, attempt.cause?.code], ["token", "connection_refused"]);
    await authorizationServer.resume();
    const { headers, body, token, said } = await accepted("/patient", 1);
    assert.equal(headers.authorization, `Bearer ${token}`);
    assert.deepEqual([said.client_id, said.scope], [authorizationServer.secondSender.id, "hooks"]);
    assert.equal(JSON.parse(body).data.resource.title, "Fifth visit");
  },
};

function fail(reason) {
  console.log(`peers: FAILED: ${reason}`);
  process.exit(1);
}

let current = "what the checks start from";
setTimeout(() => fail(`the run took too long; it had come to: ${current}`), LIMIT);
try {
  await rendezhook.prepare();
  for (const [name, check] of Object.entries(checks)) {
    current = name;
    await check();
  }
} catch (error) {
  fail(`${current}\n${error.stack}`);
}
const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url)));
const names = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
console.log(`peers: ${Object.keys(checks).length} checks passed with ${names.join(", ")}`);
process.exit(0);
