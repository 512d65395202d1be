"""A ticketing system that is not ours: sends one message with pika and prints what it is answered.

Usage: ticketing.py URL REQUESTS_QUEUE EVENTS_EXCHANGE CORRELATION_ID [SIGNATURE] < message

Prints one JSON object a line for each event, from the exchange and from the reply queue, until both
have brought the last one.
"""

import json
import sys
import time

import pika

LAST = ("completed", "partially_completed", "rejected", "failed", "cancelled")
SECONDS_MAX = 240


def once_there(connection, exchange):
    """A channel, once the daemon has declared the exchange: it may have started a moment ago."""
    deadline = time.monotonic() + SECONDS_MAX
    while True:
        channel = connection.channel()
        try:
            channel.exchange_declare(exchange, passive=True)
            return channel
        except pika.exceptions.ChannelClosedByBroker:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def main():
    url, requests, exchange, correlation = sys.argv[1:5]
    body = sys.stdin.buffer.read()
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = once_there(connection, exchange)
    replies = channel.queue_declare("", exclusive=True).method.queue
    events = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(events, exchange, "request.#")
    channel.confirm_delivery()
    headers = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    if len(sys.argv) > 5:
        headers["dsrd-signature"] = sys.argv[5]
    properties = pika.BasicProperties(
        content_type="application/json",
        delivery_mode=2,
        message_id=correlation,
        correlation_id=correlation,
        reply_to=replies,
        headers=headers,
    )
    channel.basic_publish("", requests, body, properties, mandatory=True)
    print(json.dumps({"sent": correlation}), flush=True)
    waiting = {events: "exchange", replies: "reply"}
    deadline = time.monotonic() + SECONDS_MAX
    while waiting:
        if time.monotonic() > deadline:
            sys.exit("no last event within %d s" % SECONDS_MAX)
        for queue, via in list(waiting.items()):
            method, properties, body = channel.basic_get(queue, auto_ack=True)
            if method is None:
                continue
            event = json.loads(body)
            print(
                json.dumps(
                    {
                        "via": via,
                        "routing_key": method.routing_key,
                        "message_id": properties.message_id,
                        "correlation_id": properties.correlation_id,
                        "content_type": properties.content_type,
                        "event": event,
                    }
                ),
                flush=True,
            )
            if event.get("correlationid") == correlation and event["type"].split(".")[3] in LAST:
                del waiting[queue]
        time.sleep(0.05)


main()
