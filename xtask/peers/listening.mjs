// Listening on a port of the loopback address.

import { createServer } from "node:http";

// Starts a server, on a free port unless one is given.
export async function listen(answer, port = 0) {
  const server = createServer(answer);
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

// Stops it, and ends its connections.
export async function stop({ server }) {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
