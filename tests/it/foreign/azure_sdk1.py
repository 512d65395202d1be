"""Azure Machine Learning through SDK v1, which is out of support and in use.

    azure_sdk1.py BASE_URL TENANT CLIENT_ID CLIENT_SECRET SUBSCRIPTION GROUP WORKSPACE VERB...

A verb is a function of this file: `look` prints what there is, `read` what a run says, `delete`
deletes as the SDK documents it. The authority to trust is in REQUESTS_CA_BUNDLE. One line of JSON comes out.
"""

import json
import logging
import os
import sys
import warnings

base, tenant, client_id, secret, subscription, group, name, *verbs = sys.argv[1:]
os.environ["ARM_CLOUD_METADATA_URL"] = f"{base}/metadata/endpoints?api-version=2019-05-01"
os.environ["AZUREML_CURRENT_CLOUD"] = "Simulated"
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

import requests  # noqa: E402
from azureml.core import Experiment, Model, Run, Webservice, Workspace  # noqa: E402
from azureml.core.authentication import TokenAuthentication  # noqa: E402
from azureml.data._dataset_rest_helper import _restclient  # noqa: E402


def token(audience):
    answer = requests.post(f"{base}/{tenant}/oauth2/v2.0/token", data={
        "grant_type": "client_credentials", "client_id": client_id, "client_secret": secret,
        "scope": audience.rstrip("/") + "/.default"})
    return answer.json()["access_token"]


workspace = Workspace.get(
    name, auth=TokenAuthentication(token), subscription_id=subscription, resource_group=group)


def runs(experiment):
    return sorted(run.id for run in Experiment(workspace, experiment).get_runs(include_children=True))


def datasets():
    """They are listed when somebody counts them."""
    found = workspace.datasets
    len(found)
    return sorted(found)


def look():
    experiments = sorted(item.name for item in Experiment.list(workspace))
    return {
        "experiments": experiments,
        "runs": {experiment: runs(experiment) for experiment in experiments},
        "models": sorted(model.id for model in Model.list(workspace)),
        "services": sorted(service.name for service in Webservice.list(workspace)),
        "datasets": datasets(),
        "computes": sorted(workspace.compute_targets),
    }


def read():
    run = Run.get(workspace, "quiet_river_0a1b2c3d4e")
    details = run.get_details()
    return {
        "tags": run.tags,
        "properties": run.properties,
        "logs": sorted(details["logFiles"]),
        "files": run.get_file_names(),
        "children": [child.id for child in Run.get(workspace, "pipe_4e5f607182").get_children()],
    }


def delete():
    Run.get(workspace, "calm_stone_2c3d4e5f60").remove_tags(["reviewer"])
    used = refused(lambda: Model(workspace, id="churn-model:2").delete())
    Webservice(workspace, "churn-aci").delete()
    Model(workspace, id="churn-model:2").delete()
    # What `unregister_all_versions` asks for; the object around it needs a package of its own.
    _restclient(workspace).dataset.unregister_dataset(subscription, group, name, "customers-v1")
    full = refused(lambda: Experiment.delete(workspace, Experiment(workspace, "churn").id))
    Experiment.delete(workspace, Experiment(workspace, "empty").id)
    workspace.compute_targets["hanako-ci"].delete()
    return {"used": used, "full": full, "tags": Run.get(workspace, "calm_stone_2c3d4e5f60").tags}


def refused(action):
    try:
        action()
    except Exception as error:  # Each part of it has kinds of its own.
        return " ".join(str(error).split())[:120]
    return None


seen = {verb: globals()[verb]() for verb in verbs}
# Some clients leave dots on the line.
print()
print(json.dumps(seen, sort_keys=True))
