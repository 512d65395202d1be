"""What a workspace depends on, through Microsoft's clients, which know nothing of ours.

    azure_dependents.py BASE_URL TENANT CLIENT_ID CLIENT_SECRET SUBSCRIPTION GROUP WORKSPACE VERB...

`look` prints what there is, `delete` deletes it and follows each to its end. The authority to trust
is in REQUESTS_CA_BUNDLE. One line of JSON comes out.
"""

import json
import logging
import sys

base, tenant, client_id, secret, subscription, group, name, *verbs = sys.argv[1:]
logging.disable(logging.WARNING)

from azure.core.exceptions import HttpResponseError  # noqa: E402
from azure.identity import ClientSecretCredential  # noqa: E402
from azure.mgmt.containerregistry import ContainerRegistryManagementClient  # noqa: E402
from azure.mgmt.keyvault import KeyVaultManagementClient  # noqa: E402
from azure.mgmt.storage import StorageManagementClient  # noqa: E402

credential = ClientSecretCredential(
    tenant, client_id, secret, authority=base, disable_instance_discovery=True)
options = {
    "base_url": base, "credential_scopes": [f"{base}/.default"], "polling_interval": 0}
storage = StorageManagementClient(credential, subscription, **options)
vaults = KeyVaultManagementClient(credential, subscription, **options)
registries = ContainerRegistryManagementClient(credential, subscription, **options)


def names(items):
    return sorted(item.name for item in items)


def look():
    accounts = names(storage.storage_accounts.list())
    return {
        "accounts": accounts,
        "containers": sorted(
            container.name for account in accounts
            for container in storage.blob_containers.list(group, account)),
        "shares": sorted(
            share.name for account in accounts
            for share in storage.file_shares.list(group, account)),
        "deleted accounts": names(storage.deleted_accounts.list()),
        "vaults": names(vaults.vaults.list_by_subscription()),
        "deleted vaults": names(vaults.vaults.list_deleted()),
        "registries": names(registries.registries.list()),
    }


def read():
    """What is told of each."""
    told = {}
    for account in storage.storage_accounts.list_by_resource_group(group):
        blobs = storage.blob_services.get_service_properties(group, account.name)
        told["retention"] = blobs.container_delete_retention_policy.days
        told["kind"] = account.kind
    for vault in vaults.vaults.list_by_resource_group(group):
        told["soft delete"] = vault.properties.soft_delete_retention_in_days
    for vault in vaults.vaults.list_deleted():
        told["scheduled"] = vault.properties.scheduled_purge_date is not None
    return told


def delete():
    for registry in names(registries.registries.list()):
        registries.registries.begin_delete(group, registry).result()
    for vault in names(vaults.vaults.list_by_subscription()):
        vaults.vaults.delete(group, vault)
    purged = []
    for vault in vaults.vaults.list_deleted():
        vaults.vaults.begin_purge_deleted(vault.name, vault.properties.location).result()
        purged.append(vault.name)
    refused = []
    for account in names(storage.storage_accounts.list()):
        for container in names(storage.blob_containers.list(group, account)):
            try:
                storage.blob_containers.delete(group, account, container)
            except HttpResponseError as error:
                refused.append([container, error.error.code])
        for share in names(storage.file_shares.list(group, account)):
            storage.file_shares.delete(group, account, share)
        try:
            storage.storage_accounts.delete(group, account)
        except HttpResponseError as error:
            refused.append([account, error.error.code])
    return {"purged": purged, "refused": refused}


print(json.dumps({verb: globals()[verb]() for verb in verbs}, sort_keys=True))
