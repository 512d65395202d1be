"""Log Analytics and Application Insights through Microsoft's clients, which know nothing of ours.

    azure_monitor.py BASE_URL TENANT CLIENT_ID CLIENT_SECRET SUBSCRIPTION GROUP WORKSPACE VERB...

A verb is a function of this file. The authority to trust is in REQUESTS_CA_BUNDLE. One line of JSON comes out.
"""

import json
import logging
import sys
from datetime import timedelta

base, tenant, client_id, secret, subscription, group, name, *verbs = sys.argv[1:]
logging.disable(logging.WARNING)

from azure.core.exceptions import HttpResponseError  # noqa: E402
from azure.identity import ClientSecretCredential  # noqa: E402
from azure.mgmt.applicationinsights import ApplicationInsightsManagementClient  # noqa: E402
from azure.mgmt.loganalytics import LogAnalyticsManagementClient  # noqa: E402
from azure.monitor.query import (  # noqa: E402
    LogsBatchQuery, LogsQueryClient, LogsQueryStatus)

credential = ClientSecretCredential(
    tenant, client_id, secret, authority=base, disable_instance_discovery=True)
logs = LogAnalyticsManagementClient(
    credential, subscription, base_url=base, credential_scopes=[f"{base}/.default"],
    polling_interval=0)
insights = ApplicationInsightsManagementClient(
    credential, subscription, base_url=base, credential_scopes=[f"{base}/.default"],
    polling_interval=0, retry_total=0)
# Its token is for the service's own audience.
queries = LogsQueryClient(
    credential, endpoint=base, audience="https://api.loganalytics.io", retry_total=0)

LOGS, OWN, CLASSIC = "examplela01", "exampleai01", "classicai01"
DAY = timedelta(days=1)


def look():
    workspace = logs.workspaces.get(group, LOGS)
    table = logs.tables.get(group, LOGS, "AppTraces")
    own = insights.components.get(group, OWN)
    return {
        "workspaces": sorted(it.name for it in logs.workspaces.list()),
        "of_group": sorted(it.name for it in logs.workspaces.list_by_resource_group(group)),
        "deleted": sorted(it.name for it in logs.deleted_workspaces.list()),
        "workspace": [workspace.location, workspace.sku.name, workspace.retention_in_days],
        "tables": sorted(it.name for it in logs.tables.list_by_workspace(group, LOGS))[:3],
        "plans": sorted({it.plan for it in logs.tables.list_by_workspace(group, LOGS)}),
        "types": {it.name: it.type for it in table.schema.standard_columns
                  if it.name in ["TimeGenerated", "Properties", "UserId"]},
        "components": sorted(it.name for it in insights.components.list()),
        "component": [own.ingestion_mode, own.workspace_resource_id.rsplit("/", 1)[1]],
    }


def ask():
    guid = logs.workspaces.get(group, LOGS).customer_id
    rows = queries.query_workspace(
        guid, "AmlRunStatusChangedEvent | order by TimeGenerated asc"
        " | project Identity, RunId, TimeGenerated", timespan=None, server_timeout=600,
        include_statistics=True)
    resource = insights.components.get(group, OWN).id
    of_one = queries.query_resource(resource, "AppTraces | count", timespan=DAY)
    batch = queries.query_batch([
        LogsBatchQuery(guid, "AppRequests | count", timespan=DAY),
        LogsBatchQuery(guid, "AppRequests | wher x", timespan=DAY),
        LogsBatchQuery(guid, "AppTraces | summarize n=count() by tostring(Properties.caller)",
                       timespan=DAY)])
    return {
        "columns": [rows.tables[0].columns, rows.tables[0].columns_types],
        "rows": [[row[0], row[1], type(row[2]).__name__] for row in rows.tables[0].rows],
        "statistics": sorted(rows.statistics),
        "of_one": list(of_one.tables[0].rows[0]),
        "batch": [list(map(list, it.tables[0].rows)) if it.status == LogsQueryStatus.SUCCESS
                  else it.code for it in batch],
        "wrong": error(lambda: queries.query_workspace(guid, "AppTraces | wher x", timespan=DAY)),
        "nowhere": error(lambda: queries.query_workspace("none", "AppTraces", timespan=DAY)),
    }


def partial():
    """What was planned to be cut short, and what was planned to be refused."""
    guid = logs.workspaces.get(group, LOGS).customer_id
    def once():
        return queries.query_workspace(guid, "AppTraces", timespan=None)
    answer = once()
    return {
        "status": answer.status == LogsQueryStatus.PARTIAL,
        "rows": len(answer.partial_data[0].rows),
        "code": answer.partial_error.code,
        "refused": error(once),
    }


def purge():
    links = []
    begun = logs.workspace_purge.purge(group, LOGS, {"table": "AppTraces", "filters": [
        {"column": "Properties", "key": "caller", "operator": "==",
         "value": "hanako.example@contoso.example"}]},
        cls=lambda response, body, headers: (body, headers))
    links.append(begun[1]["x-ms-status-location"].split("/operations/")[1].split("?")[0])
    classic = insights.components.purge(group, CLASSIC, {"table": "traces", "filters": [
        {"column": "user_Id", "operator": "in", "value": ["hanako.example@contoso.example"]}]},
        cls=lambda response, body, headers: (body, response.http_response.headers))
    links.append(classic[1]["x-ms-status-location"].split("/operations/")[1].split("?")[0])
    guid = logs.workspaces.get(group, LOGS).customer_id
    left = queries.query_workspace(guid, "AppTraces | count", timespan=None)
    return {
        "status": [logs.workspace_purge.get_purge_status(group, LOGS, links[0]).status,
                   insights.components.get_purge_status(group, CLASSIC, links[1]).status],
        "by_body": error(lambda: logs.workspace_purge.get_purge_status(
            group, LOGS, f"purge-{begun[0].operation_id}")),
        "basic": error(lambda: logs.workspace_purge.purge(group, LOGS, {
            "table": "ContainerLogV2",
            "filters": [{"column": "Computer", "operator": "==", "value": "aks-1"}]})),
        "left": left.tables[0].rows[0][0],
    }


def people():
    """How many rows name whom, by table and by whose the rows are."""
    names = {"hanako": ["hanako", "000000000001"], "jiro": ["jiro", "000000000002"]}
    guid = logs.workspaces.get(group, LOGS).customer_id
    seen = {}
    for table in logs.tables.list_by_workspace(group, LOGS):
        if table.plan != "Analytics":
            continue
        rows = queries.query_workspace(guid, table.name, timespan=None).tables[0]
        for row in rows.rows:
            owner = str(row[rows.columns.index("_ResourceId")]).rsplit("/", 1)[-1]
            values = [value for name, value in zip(rows.columns, row) if name != "_ResourceId"]
            text = json.dumps(values, default=str)
            for who in [who for who, known in names.items() if any(it in text for it in known)]:
                of_table = seen.setdefault(table.name, {}).setdefault(who, {})
                of_table[owner] = of_table.get(owner, 0) + 1
    return seen


def delete():
    logs.workspaces.begin_delete(group, LOGS).result()
    gone = error(lambda: logs.workspaces.get(group, LOGS))
    deleted = sorted(it.name for it in logs.deleted_workspaces.list())
    back = logs.workspaces.begin_create_or_update(group, LOGS, {"location": "westeurope"}).result()
    logs.workspaces.begin_delete(group, LOGS, force=True).result()
    insights.components.delete(group, OWN)
    return {
        "gone": gone,
        "deleted": deleted,
        "back": back.name,
        "after": [it.name for it in logs.deleted_workspaces.list()],
        "component": error(lambda: insights.components.get(group, OWN)),
    }


def error(action):
    try:
        action()
    except HttpResponseError as failure:
        return [failure.status_code, failure.error.code if failure.error else None]
    return None


seen = {verb: globals()[verb]() for verb in verbs}
print(json.dumps(seen, sort_keys=True))
