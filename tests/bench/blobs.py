"""Finds and erases one person in a container with Microsoft's library and 16 threads.

Called by blobs.rs with the container's URL; prints one JSON object. It only looks for the address
as it is, in whatever case: no encodings, no archives.
"""

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from azure.core import MatchConditions
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import ContainerClient

PERSON = b"ann@contoso.com"
THREADS = 16


def main():
    # A connection for each thread; the library's own pool has ten.
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))
    container = ContainerClient.from_container_url(
        sys.argv[1], credential={"account_name": "ownstore", "account_key": "a2V5"},
        transport=RequestsTransport(session=session),
    )
    started = cpu_seconds()

    def look(blob):
        data = container.download_blob(blob.name, etag=blob.etag,
                                       match_condition=MatchConditions.IfNotModified).readall()
        return blob if PERSON in data.lower() else None

    def erase(blob):
        container.delete_blob(blob.name, delete_snapshots="include", etag=blob.etag,
                              match_condition=MatchConditions.IfNotModified)

    with ThreadPoolExecutor(THREADS) as pool:
        def find():
            return [blob for blob in pool.map(look, container.list_blobs()) if blob]

        times = [time.monotonic()]
        hits = find()
        times.append(time.monotonic())
        list(pool.map(erase, hits))
        times.append(time.monotonic())
        assert not find()
        times.append(time.monotonic())
    seconds = [after - before for before, after in zip(times, times[1:])]
    print(json.dumps({"hits": len(hits), "seconds": seconds,
                      "cpu_s": cpu_seconds() - started}))


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


main()
