// The customer's receiver. It takes what comes with a token of which the authorization server says that it is valid.

import { listen } from "./listening.mjs";

export class Receiver {
  // What was accepted, oldest first: path, method, headers, body, token, and what the authorization server said about it.
  accepted = [];

  static async start(authorizationServer) {
    const receiver = new Receiver();
    receiver.listening = await listen((request, response) => {
      receiver.answer(authorizationServer, request, response).catch((error) => {
        response.writeHead(500).end(String(error));
      });
    });
    return receiver;
  }

  target(path) {
    return this.listening.url + path;
  }

  // What was accepted at a path.
  at(path) {
    return this.accepted.filter((request) => request.path === path);
  }

  async answer(authorizationServer, request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { authorization = "", "oauth-token": token = authorization.replace(/^Bearer /, "") } = request.headers;
    const said = token === "" ? { active: false } : await authorizationServer.introspect(token);
    if (!said.active) {
      response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end();
      return;
    }
    const { method, url: path, headers } = request;
    this.accepted.push({ path, method, headers, body: Buffer.concat(chunks).toString(), token, said });
    response.writeHead(204).end();
  }
}
