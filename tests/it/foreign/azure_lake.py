"""A Data Lake account through Microsoft's client, which knows nothing of ours.

    azure_lake.py ACCOUNT_URL ACCOUNT KEY

Each line says what was done and what came of it.
"""

import logging
import sys

url, account, key = sys.argv[1:]
logging.disable(logging.WARNING)

from azure.core import MatchConditions  # noqa: E402
from azure.core.exceptions import HttpResponseError  # noqa: E402
from azure.storage.filedatalake import ContentSettings, DataLakeServiceClient  # noqa: E402

service = DataLakeServiceClient(
    url, credential={"account_name": account, "account_key": key}, retry_total=0)
lake = service.create_file_system("data")


def say(what, came):
    print(f"{what}: {came}")


def refused(what, call):
    try:
        say(what, call())
    except HttpResponseError as error:
        say(what, error.error_code)


ann = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
directory = lake.create_directory("Users/ann")
for name in ["a.csv", "käse 山 😀.txt", "it's #1 100%.txt"]:
    directory.get_file_client(name).upload_data(
        f"bytes of {name}".encode(), metadata={"owner": "ann"}, overwrite=True,
        content_settings=ContentSettings(content_type="text/csv"))
big = directory.get_file_client("big.bin")
big.upload_data(bytes(range(256)) * 40_000, overwrite=True, chunk_size=4_000_000)
say("list", sorted([it.name, it.is_directory] for it in lake.get_paths()))
say("list some", len(list(lake.get_paths("Users/ann", recursive=False, max_results=2))))
one = next(it for it in lake.get_paths() if it.name.endswith("a.csv"))
say("list one", [one.owner, one.group, one.permissions, one.content_length, bool(one.etag)])

file = directory.get_file_client("a.csv")
say("download", file.download_file().readall())
say("download some", file.download_file(offset=6, length=2).readall())
say("download big", big.download_file().readall() == bytes(range(256)) * 40_000)
properties = file.get_file_properties()
say("properties", [properties.size, properties.metadata, properties.content_settings.content_type])
say("rights", file.get_access_control()["acl"])
file.set_access_control(owner=ann, acl=f"user::rw-,user:{ann}:r--,group::r--,mask::r--,other::---")
rights = file.get_access_control()
say("own rights", [rights["owner"] == ann, rights["permissions"], rights["acl"].count(ann)])
listed = next(it for it in lake.get_paths() if it.name.endswith("a.csv"))
say("listed rights", [listed.owner == ann, listed.permissions])

etag = file.get_file_properties().etag
refused("delete changed", lambda: file.delete_file(
    etag='"0x1"', match_condition=MatchConditions.IfNotModified))
lease = file.acquire_lease()
refused("delete leased", file.delete_file)
other = directory.get_file_client("draft")
other.upload_data(b"the draft", overwrite=True)
refused("rename over leased", lambda: other.rename_file("data/Users/ann/a.csv"))
lease.release()
refused("rename over changed", lambda: other.rename_file(
    "data/Users/ann/a.csv", etag='"0x1"', match_condition=MatchConditions.IfNotModified))
draft = other.get_file_properties().etag
replaced = other.rename_file(
    "data/Users/ann/a.csv", etag=etag, match_condition=MatchConditions.IfNotModified)
say("replace", replaced.download_file().readall())
say("replace keeps", replaced.get_file_properties().etag == draft)

refused("append behind", lambda: [replaced.append_data(b"x", 5), replaced.flush_data(6)])
refused("flush amid", lambda: replaced.flush_data(3))
refused("create over", lambda: replaced.create_file(match_condition=MatchConditions.IfMissing))
moved = directory.rename_directory("data/Users/bob")
say("move", sorted(it.name for it in lake.get_paths("Users")))
account_policy = lake.get_file_system_properties()
say("file system", account_policy.name)
say("file systems", [it.name for it in service.list_file_systems()])
lake.get_file_client("Users/bob/a.csv").delete_file()
deleted = list(lake.list_deleted_paths())
say("deleted", [[it.name, it.remaining_retention_days] for it in deleted])
lake._undelete_path(deleted[0].name, deleted[0].deletion_id)
say("undeleted", lake.get_file_client("Users/bob/a.csv").download_file().readall())
moved.delete_directory()
say("gone", [it.name for it in lake.get_paths()])
refused("nothing", lambda: lake.get_file_client("none").delete_file())
lake.delete_file_system()
say("no more", [it.name for it in service.list_file_systems()])
