// Verifies the cases of a file, one JSON document a line, with the published Standard Webhooks library for Node.
// Arguments: the folder of the installed package, the file.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [library, file] = process.argv.slice(2);
const { Webhook } = createRequire(import.meta.url)(library);

function objection(webhook, body, headers) {
  try {
    webhook.verify(body, headers);
    return null;
  } catch (error) {
    return error.message;
  }
}

const lines = readFileSync(file, "utf8").split("\n");
for (const line of lines) {
  const { name, id, timestamp, signature, body, secrets } = JSON.parse(line);
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
  for (const secret of secrets) {
    const webhook = new Webhook(secret);
    const said = objection(webhook, body, headers);
    if (said !== null) {
      throw new Error(`${name}: the Node library says: ${said}`);
    }
    if (objection(webhook, `${body} `, headers) === null) {
      throw new Error(`${name}: the Node library accepts an altered body`);
    }
  }
}
console.log(`signatures: Node verified ${lines.length}`);
