"""Hears what becomes of requests, as a ticketing system does. Needs pika 1.3.

Usage: consumer.py URL [REQUEST_ID]

Prints a line for each event; with an id it ends with that request's last one.
"""

import json
import sys

import pika

QUEUE = "ticketing.events"
EXCHANGE = "dsr.events"
TYPE = "io.dsrd.request."
# After these nothing more comes of a request, but for a failed one that somebody retries, and
# for what a restore brings back (`returned`).
LAST = ("completed", "partially_completed", "failed", "cancelled", "rejected")


class Seen:
    """Ids of events. One that was announced is announced again, under the same id, where an
    answer was lost: keep these where your tickets are, in the same transaction."""

    def __init__(self):
        self.ids = set()

    def is_new(self, event):
        new = event["id"] not in self.ids
        self.ids.add(event["id"])
        return new


def main():
    url = sys.argv[1]
    awaited = sys.argv[2] if len(sys.argv) > 2 else None
    seen = Seen()
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    # A durable queue of our own keeps what comes while we are away.
    channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(QUEUE, EXCHANGE, "request.#")
    channel.basic_qos(prefetch_count=32)
    for method, _, body in channel.consume(QUEUE):
        event = json.loads(body)
        if seen.is_new(event):
            tell(event)
        # Once it is dealt with; what is not acknowledged comes again.
        channel.basic_ack(method.delivery_tag)
        if event.get("subject") == awaited and name_of(event) in LAST:
            break
    channel.cancel()
    connection.close()


def name_of(event):
    """`completed` of `io.dsrd.request.completed.v1`."""
    return event["type"].removeprefix(TYPE).rsplit(".", 1)[0]


def tell(event):
    data = event["data"]
    # `outcome` is the finer word: OpenDSR has none for "in part" (completed) or "failed"
    # (in progress: somebody may retry it).
    words = [event.get("subject", "-"), name_of(event), data["request_status"]]
    words += [data[field] for field in ("outcome", "results_url") if data.get(field)]
    for refusal in data.get("refusals", []):
        words.append(json.dumps(refusal))
    print(*words, flush=True)


main()
