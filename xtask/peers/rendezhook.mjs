// What is asked of the server under test, through its public APIs.

import { setTimeout as pause } from "node:timers/promises";

// How long something that has to happen may take, in milliseconds. Retries of doo hooks come after 5 and 30 seconds.
const PATIENCE = 60_000;

export class Rendezhook {
  constructor(url, adminKey) {
    this.url = url;
    this.adminKey = adminKey;
  }

  // Makes an organization, a key of it, and a token of the doo API.
  async prepare() {
    const organization = await this.call("POST", "/api/v1/organizations", { name: "Peers" }, this.adminKey);
    const path = `/api/v1/organizations/${organization.id}`;
    const { key } = await this.call("POST", `${path}/keys`, { name: "peers", scope: "admin" }, this.adminKey);
    this.key = key;
    const client = await this.call("POST", `${path}/oauth-clients`, { name: "peers" }, this.adminKey);
    const { client_id, client_secret } = client;
    const form = { client_id, client_secret, grant_type: "client_credentials" };
    const issued = await this.doo("POST", "/v1/oauth", form);
    this.dooToken = issued.data.access_token;
    const { active_team } = await this.doo("GET", "/v1/organizers/current/organizations");
    this.team = active_team.id;
  }

  // A call of the native API.
  async call(method, path, body, key = this.key) {
    return await this.send(method, path, body, { authorization: `Bearer ${key}` });
  }

  // A call of the doo API.
  async doo(method, path, body) {
    const token = this.dooToken === undefined ? {} : { authorization: `Bearer ${this.dooToken}` };
    return await this.send(method, path, body, { "x-api-key": this.key, ...token });
  }

  async send(method, path, body, headers) {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(this.url + path, { method, headers, ...content });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  // Makes a group of doo hooks that are told of events, and gives its id.
  async hookEvents(endpoint, authentication, origin) {
    const hooks = ["event_created", "event_updated"].map((type) => ({ type, method: "POST", endpoint, origin }));
    const path = `/v1/team/${this.team}/webhooks`;
    return (await this.doo("POST", path, { name: "Peers", hooks, authentication })).data;
  }

  async unhook(group) {
    await this.doo("DELETE", `/v1/webhooks/${group}`);
  }

  async publish(event, resource) {
    await this.call("PUT", `/api/v1/resources/event/${event}`, resource);
  }

  // The attempts of the newest delivery about an event to a target, once there are as many as wanted.
  async attempts(event, target, wanted) {
    return await until(`${wanted} attempts to tell ${target} of ${event}`, async () => {
      const subscriptions = await this.call("GET", "/api/v1/subscriptions");
      const ids = subscriptions.items.filter((one) => one.target_url === target).map((one) => one.id);
      const path = `/api/v1/deliveries?resource_kind=event&resource_id=${event}`;
      const delivery = (await this.call("GET", path)).items.find((one) => ids.includes(one.subscription));
      if (delivery === undefined || delivery.attempts < wanted) return undefined;
      return (await this.call("GET", `/api/v1/deliveries/${delivery.id}/attempts`)).items;
    });
  }
}

// Asks until there is an answer.
export async function until(what, ask) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(100);
  }
}
