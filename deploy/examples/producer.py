"""Puts a request on the queue of dsrd, as a ticketing system does. Needs pika 1.3.

Usage: producer.py URL REQUEST.json [QUEUE]

    producer.py amqp://dsrd:first-look@127.0.0.1:5672/%2f request.json
"""

import json
import sys

import pika


def main():
    url, path = sys.argv[1:3]
    queue = sys.argv[3] if len(sys.argv) > 3 else "dsr.requests"
    with open(path, "rb") as file:
        body = file.read()
    request = json.loads(body)
    properties = pika.BasicProperties(
        content_type="application/json",
        # Survives a restart of the broker.
        delivery_mode=pika.DeliveryMode.Persistent,
        # Stands in each event of this request (`correlationid`), if there is one of your own.
        correlation_id=request.get("subject_request_id") or request.get("resource_request_id"),
    )
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    # Without these two a message that nobody keeps is lost in silence. With them it is an
    # exception here (UnroutableError, NackError): send it again. The same message twice is one
    # request.
    channel.confirm_delivery()
    channel.basic_publish("", queue, body, properties, mandatory=True)
    connection.close()
    print("sent")


main()
