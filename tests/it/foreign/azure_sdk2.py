"""Azure Machine Learning through Microsoft's clients of today, which know nothing of ours.

    azure_sdk2.py BASE_URL TENANT CLIENT_ID CLIENT_SECRET SUBSCRIPTION GROUP WORKSPACE VERB...

A verb is a function of this file, such as `look`, which prints what there is, or `delete`, which
deletes one thing of each kind and follows it to its end. The authority to trust is in REQUESTS_CA_BUNDLE. One line of JSON comes out.
"""

import json
import logging
import os
import sys

base, tenant, client_id, secret, subscription, group, name, *verbs = sys.argv[1:]
os.environ["ARM_CLOUD_METADATA_URL"] = f"{base}/metadata/endpoints?api-version=2019-05-01"
logging.disable(logging.WARNING)

from azure.ai.ml import MLClient  # noqa: E402
from azure.ai.ml._restclient.arm_ml_service import MachineLearningServicesMgmtClient  # noqa: E402
from azure.ai.ml.entities import (  # noqa: E402
    AmlCompute, AzureBlobDatastore, Data, Environment, ManagedOnlineEndpoint, Model)
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError  # noqa: E402
from azure.identity import ClientSecretCredential  # noqa: E402
from azure.mgmt.machinelearningservices import (  # noqa: E402
    MachineLearningServicesMgmtClient as PublishedClient)

credential = ClientSecretCredential(
    tenant, client_id, secret, authority=base, disable_instance_discovery=True)
client = MLClient(
    credential, subscription, group, name, enable_telemetry=False, show_progress=False,
    polling_interval=0)
# The whole control plane as azure-ai-ml carries it; what is published alone is of 2020.
plane = MachineLearningServicesMgmtClient(
    credential, subscription, base_url=base, credential_scopes=[f"{base}/.default"],
    polling_interval=0)
published = PublishedClient(
    credential, subscription, base_url=base, credential_scopes=[f"{base}/.default"],
    polling_interval=0)


def names(items):
    return sorted(item.name for item in items)


def look():
    workspace = client.workspaces.get(name)
    models = names(client.models.list())
    data = names(client.data.list())
    return {
        "workspaces": names(client.workspaces.list()),
        "storage": workspace.storage_account,
        "jobs": names(client.jobs.list(list_view_type="All")),
        "models": models,
        "versions": sorted(
            f"{model}:{version.version}" for model in models
            for version in client.models.list(name=model)),
        "data": data,
        "environments": names(client.environments.list()),
        "components": names(client.components.list()),
        "computes": names(client.compute.list()),
        "online_endpoints": names(client.online_endpoints.list()),
        "deployments": names(client.online_deployments.list("churn-endpoint"))
        if "churn-endpoint" in names(client.online_endpoints.list()) else [],
        "batch_endpoints": names(client.batch_endpoints.list()),
        "schedules": names(client.schedules.list(list_view_type="All")),
        "datastores": names(client.datastores.list()),
        "connections": names(client.connections.list()),
        "codes": names(plane.code_containers.list(group, name)),
        "published": names(published.machine_learning_compute.list_by_workspace(group, name)),
    }


def read():
    """Single things, and of each what a person may have left in it."""
    job = client.jobs.get("quiet_river_0a1b2c3d4e")
    child = client.jobs.get("step_5f60718293")
    children = [child.name for child in client.jobs.list(parent_job_name="pipe_4e5f607182")]
    instance = client.compute.get("hanako-ci")
    endpoint = client.online_endpoints.get("churn-endpoint")
    raw = plane.jobs.get(group, name, "quiet_river_0a1b2c3d4e")
    return {
        "job": [job.name, job.type, job.tags, job.description, job.status,
                job.creation_context.created_by],
        "emails": raw.properties.notification_setting.emails,
        "child": child.name,
        "children": children,
        "instance": [instance.name, instance.type, instance.size, instance.state],
        "endpoint": [endpoint.name, endpoint.tags],
        "model": client.models.get("churn-model", "1").tags,
        "data": client.data.get("customers", "1").path,
        "schedule": client.schedules.get("nightly").display_name,
        "absent": absent(lambda: client.jobs.get("none")),
    }


def create():
    """What a workspace may be filled with from outside: nothing of it is uploaded."""
    store = "azureml://datastores/workspaceblobstore/paths"
    client.models.create_or_update(Model(name="made-model", version="1", path=f"{store}/m"))
    client.data.create_or_update(
        Data(name="made-data", version="1", path=f"{store}/d/", type="uri_folder"))
    client.environments.create_or_update(
        Environment(name="made-env", version="1", image="mcr.microsoft.com/azureml/base"))
    client.compute.begin_create_or_update(
        AmlCompute(name="made-cluster", size="STANDARD_DS3_V2", max_instances=1,
                   tier="Dedicated", tags={"made": "yes"})).result()
    client.datastores.create_or_update(AzureBlobDatastore(
        name="made_store", account_name="examplews01", container_name="made"))
    client.online_endpoints.begin_create_or_update(
        ManagedOnlineEndpoint(name="made-endpoint", auth_mode="key")).result()
    plane.jobs.create_or_update(group, name, "made_job", {"properties": {
        "jobType": "Command", "command": "true", "experimentName": "made",
        "environmentId": "azureml:made-env:1", "tags": {"made": "yes"}}})
    return {"container": client.models.get("made-model", "1").id.split("/workspaces/")[1]}


def delete():
    client.jobs.begin_cancel("busy_cloud_1b2c3d4e5f").result()
    client.jobs.archive("calm_stone_2c3d4e5f60")
    client.models.archive("churn-model", "2")
    client.jobs.begin_delete("quiet_river_0a1b2c3d4e").result()
    client.compute.begin_delete("hanako-ci").result()
    refused = code(lambda: client.online_endpoints.begin_delete("churn-endpoint").result())
    client.online_deployments.begin_delete("blue", "churn-endpoint").result()
    client.online_endpoints.begin_delete("churn-endpoint").result()
    schedule = code(lambda: plane.schedules.begin_delete(group, name, "nightly").result())
    plane.model_versions.delete(group, name, "churn-model", "1")
    plane.data_containers.delete(group, name, "customers")
    client.datastores.delete("workspaceblobstore")
    client.connections.delete("shared-blobs")
    return {
        "refused": refused,
        "schedule": schedule,
        "cancelled": client.jobs.get("busy_cloud_1b2c3d4e5f").status,
    }


def failing():
    """What was planned to fail: the next two deletions of a compute."""
    def once():
        client.compute.begin_delete("cpu-cluster").result()
    return {"first": code(once), "second": code(once),
            "after": client.compute.get("cpu-cluster").name}


def purge():
    client.workspaces.begin_delete(name, delete_dependent_resources=False).result()
    gone = absent(lambda: client.workspaces.get(name))
    # azure-ai-ml looks before it deletes, and so cannot purge what was deleted softly.
    plane.workspaces.begin_delete(group, name, force_to_purge=True).result()
    return {"gone": gone}


def absent(action):
    try:
        action()
    except ResourceNotFoundError as error:
        return error.error.code
    return None


def code(action):
    try:
        action()
    except HttpResponseError as error:
        return error.error.code if error.error else str(error.status_code)
    return None


seen = {verb: globals()[verb]() for verb in verbs}
# Some clients leave dots on the line.
print()
print(json.dumps(seen, sort_keys=True))
