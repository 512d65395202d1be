"""A file share through Microsoft's client, which knows nothing of ours.

    azure_files.py ACCOUNT_URL ACCOUNT KEY

Each line says what was done and what came of it.
"""

import logging
import sys
from datetime import datetime, timezone

url, account, key = sys.argv[1:]
logging.disable(logging.WARNING)

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError  # noqa: E402
from azure.storage.fileshare import ContentSettings, ShareServiceClient  # noqa: E402

service = ShareServiceClient(
    url, credential={"account_name": account, "account_key": key}, retry_total=0)
share = service.create_share("code-1")


def say(what, came):
    print(f"{what}: {came}")


def refused(what, call):
    try:
        say(what, call())
    except HttpResponseError as error:
        say(what, error.error_code)


directory = share.create_directory("Users").create_subdirectory("ann")
names = ["a.ipynb", "ends with dot.", "käse 山 😀.txt", "it's #1 100%.txt", "odd￾.txt"]
for name in names:
    file = directory.get_file_client(name)
    file.allow_trailing_dot = True
    file.upload_file(f"bytes of {name}".encode(), metadata={"owner": "ann"},
                     content_settings=ContentSettings(content_type="text/plain"))
big = directory.get_file_client("big.bin")
big.upload_file(bytes(range(256)) * 40_000)
listed = sorted(it["name"] for it in directory.list_directories_and_files())
say("list", listed)
say("list some", [it["name"] for it in directory.list_directories_and_files("A.")])
extended = next(directory.list_directories_and_files("a.", include=["timestamps", "etag"]))
say("list extended", [extended["size"], extended["etag"] is not None])

file = directory.get_file_client("a.ipynb")
say("download", file.download_file().readall())
say("download some", file.download_file(offset=6, length=2).readall())
say("download big", big.download_file().readall() == bytes(range(256)) * 40_000)
properties = file.get_file_properties()
say("properties", [properties.size, properties.metadata, properties.content_settings.content_type,
                   properties.file_attributes, properties.lease.state])
file.set_file_metadata({"owner": "bob"})
when = datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
file.set_http_headers(ContentSettings(content_type="application/json"),
                      file_last_write_time=when, file_attributes="Archive")
properties = file.get_file_properties()
say("set", [properties.metadata, properties.content_settings.content_type,
            properties.last_write_time.isoformat()])

lease = file.acquire_lease()
refused("delete leased", file.delete_file)
refused("write leased", lambda: file.upload_range(b"x", 0, 1))
lease.release()
renamed = file.rename_file("Users/ann/b.ipynb")
say("rename", renamed.download_file().readall())
other = directory.get_file_client("c.ipynb")
other.upload_file(b"the draft")
refused("rename over", lambda: other.rename_file("Users/ann/b.ipynb"))
lease = renamed.acquire_lease()
refused("rename over leased", lambda: other.rename_file("Users/ann/b.ipynb", overwrite=True))
replaced = other.rename_file("Users/ann/b.ipynb", overwrite=True, destination_lease=lease)
say("replace", replaced.download_file().readall())

key_of = share.create_permission_for_share("O:SYG:SYD:(A;;FA;;;SY)")
say("permission", share.get_permission_for_share(key_of))
replaced.set_http_headers(ContentSettings(), permission_key=key_of)
say("permission of a file", replaced.get_file_properties().permission_key == key_of)

snapshot = share.create_snapshot()["snapshot"]
replaced.delete_file()
past = service.get_share_client("code-1", snapshot=snapshot)
say("snapshot", past.get_file_client("Users/ann/b.ipynb").download_file().readall())
say("snapshot list", len(list(past.list_directories_and_files("Users/ann"))))
say("handles", len(list(directory.get_file_client("big.bin").list_handles())))
root = share.get_directory_client()
say("all handles", len(list(root.list_handles(recursive=True))))
refused("delete full", directory.delete_directory)
try:
    replaced.get_file_properties()
except ResourceNotFoundError as error:
    say("gone", error.error_code)
refused("delete share with snapshots", share.delete_share)
say("shares", [[it.name, it.snapshot is not None, bool(it.deleted)]
               for it in service.list_shares(include_snapshots=True, include_deleted=True)])
share.delete_share(delete_snapshots=True)
say("deleted", [[it.name, bool(it.deleted)] for it in service.list_shares(include_deleted=True)])
