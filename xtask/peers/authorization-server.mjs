// The customer's authorization server: oidc-provider, which issues tokens (RFC 6749), tells whether they are valid (RFC 7662) and
// takes them back (RFC 7009).

import { generateKeyPairSync, randomBytes } from "node:crypto";
import Provider from "oidc-provider";
import { listen, stop } from "./listening.mjs";

// Whoever fetches tokens to deliver with. Characters that a form encodes are part of the secrets.
const clientNamed = (id) => ({ id, secret: `${randomBytes(16).toString("hex")} +&=%` });

export class AuthorizationServer {
  // Clients that may fetch tokens, and the receiver, which may ask about them.
  sender = clientNamed("rendezhook");
  secondSender = clientNamed("rendezhook-2");
  receiver = clientNamed("receiver");
  // How many requests for a token were answered with one.
  issued = 0;

  static async start() {
    const server = new AuthorizationServer();
    const listening = await listen((request, response) => server.answer(request, response));
    server.listening = listening;
    server.provider = server.provide(listening.url);
    return server;
  }

  get tokenUrl() {
    return `${this.listening.url}/token`;
  }

  // Is away until `resume`. What was issued stays valid.
  async pause() {
    await stop(this.listening);
  }

  async resume() {
    const { port } = new URL(this.listening.url);
    this.listening = await listen((request, response) => this.answer(request, response), Number(port));
  }

  // What the server itself says about a token.
  async introspect(token) {
    const { id, secret } = this.receiver;
    return await this.post("/token/introspection", { client_id: id, client_secret: secret, token });
  }

  // Takes a token back before it expires.
  async revoke(token, client) {
    await this.post("/token/revocation", { client_id: client.id, client_secret: client.secret, token });
  }

  async post(path, form) {
    const response = await fetch(this.listening.url + path, { method: "POST", body: new URLSearchParams(form) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  answer(request, response) {
    response.on("finish", () => {
      if (request.url === "/token" && response.statusCode === 200) this.issued += 1;
    });
    this.provider.callback()(request, response);
  }

  provide(issuer) {
    const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
    const client = ({ id, secret }, grants) => ({
      client_id: id,
      client_secret: secret,
      grant_types: grants,
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: "client_secret_post",
    });
    return new Provider(issuer, {
      clients: [
        client(this.sender, ["client_credentials"]),
        client(this.secondSender, ["client_credentials"]),
        client(this.receiver, []),
      ],
      cookies: { keys: [randomBytes(16).toString("hex")] },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        introspection: { enabled: true, allowedPolicy: (context, asking) => asking.clientId === this.receiver.id },
        revocation: { enabled: true, allowedPolicy: (context, asking, token) => asking.clientId === token.clientId },
      },
      jwks: { keys: [{ ...key, kid: "peers", use: "sig" }] },
      scopes: ["hooks"],
      ttl: { ClientCredentials: 600 },
    });
  }
}
