"""Verifies the cases of a file, one JSON document a line, with the published Standard Webhooks library for Python."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

count = 0
with open(sys.argv[1], encoding="utf-8", newline="\n") as file:
    for line in file:
        case = json.loads(line)
        headers = {
            "webhook-id": case["id"],
            "webhook-timestamp": case["timestamp"],
            "webhook-signature": case["signature"],
        }
        body = case["body"].encode("utf-8")
        for secret in case["secrets"]:
            webhook = Webhook(secret)
            try:
                webhook.verify(body, headers)
            except WebhookVerificationError as error:
                sys.exit(f"{case['name']}: the Python library says: {error}")
            try:
                webhook.verify(body + b" ", headers)
            except WebhookVerificationError:
                continue
            sys.exit(f"{case['name']}: the Python library accepts an altered body")
        count += 1

if count == 0:
    sys.exit("there are no cases to verify")
print(f"signatures: Python verified {count}")
