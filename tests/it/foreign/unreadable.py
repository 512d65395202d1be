"""Sends a message with a property that is no UTF-8, between good ones, as a careless client would.

unreadable.py URL QUEUE: reads good bodies from standard input, one a line.
"""

import sys

import pika
import pika.data
import pika.spec


def write_short_string(pieces, value):
    value = value if isinstance(value, bytes) else value.encode()
    pieces.append(bytes([len(value)]))
    pieces.append(value)
    return 1 + len(value)


# pika itself would insist on UTF-8.
pika.data.encode_short_string = write_short_string
pika.spec.str_or_bytes = (str, bytes)

url, queue = sys.argv[1:]
bodies = sys.stdin.buffer.read().splitlines()
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.confirm_delivery()
for number, body in enumerate(bodies):
    if number in (2, 7):
        odd = pika.BasicProperties(content_type=b"application/\xff\xfe", delivery_mode=2)
        channel.basic_publish("", queue, b"unreadable %d" % number, odd)
    channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2))
connection.close()
