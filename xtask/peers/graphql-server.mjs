// The customer's GraphQL server: graphql-http over graphql-js. It knows more of a booking than its publisher does.

import { buildSchema } from "graphql";
import { createHandler } from "graphql-http/lib/use/http";
import { listen } from "./listening.mjs";

const schema = buildSchema(`
  type Query { event(id: ID!): Event }
  type Event { id: ID!, title: String!, room: Room, asked: Int! }
  type Room { name: String!, floor: Int! }
`);

export class GraphQlServer {
  // Questions that were answered.
  asked = 0;

  static async start() {
    const server = new GraphQlServer();
    const rootValue = {
      event: ({ id }) => {
        server.asked += 1;
        return { id, title: `“${id}”`, room: { name: "Blue\nroom", floor: -1 }, asked: server.asked };
      },
    };
    server.listening = await listen(createHandler({ schema, rootValue }));
    return server;
  }

  get url() {
    return `${this.listening.url}/graphql`;
  }
}
