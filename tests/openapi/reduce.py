"""Cuts out of Microsoft's specification what the simulator of Azure Machine Learning serves.

    reduce.py SPECIFICATION_FOLDER > azure-machine-learning.json
    reduce.py SPECIFICATION_FOLDER monitor > azure-monitor.json
    reduce.py SPECIFICATION_FOLDER dependents > azure-dependents.json
    reduce.py SPECIFICATION_FOLDER files > azure-files.json
    reduce.py SPECIFICATION_FOLDER lake > azure-lake.json

The folder is `specification/machinelearningservices` of Azure/azure-rest-api-specs at 3b03055 (its
`main` of 2024-11-06), for the others `specification` itself. What comes out: for each operation its method, path and the schema of each
answer, its examples as they are published, and the definitions that are reached, as JSON Schema
(draft 4): `discriminator` becomes a choice of subtypes, enumerations that may grow become strings,
`x-nullable` a type more, descriptions go.

Of files and file systems, whose interfaces are ones of headers and listings: for each operation its method, path and query,
the headers that it knows, those that a request needs, and those of each answer; of the XML of
listings the elements in their order, of their JSON the fields; and the codes of errors, where they
are listed.
"""

import copy
import json
import os
import sys

ARM = "resource-manager/Microsoft.MachineLearningServices/stable/2024-10-01/"
DATA = "data-plane/Microsoft.MachineLearningServices/preview/2019-09-30/"
SERVED = {
    ARM + "machineLearningServices.json": [
        "Compute_List", "Compute_Get", "Compute_Delete"],
    ARM + "workspaceRP.json": [
        "Workspaces_Get", "Workspaces_ListByResourceGroup", "Workspaces_ListBySubscription",
        "Workspaces_Delete", "WorkspaceConnections_List", "WorkspaceConnections_Get",
        "WorkspaceConnections_Delete"],
    ARM + "mfe.json": [
        f"{kind}{part}_{verb}"
        for kind in ["Model", "Data", "Environment", "Component", "Code"]
        for part in ["Containers", "Versions"]
        for verb in ["List", "Get", "CreateOrUpdate", "Delete"]
    ] + [
        f"{kind}_{verb}"
        for kind in ["Jobs", "Datastores", "Schedules", "OnlineEndpoints", "OnlineDeployments",
                     "BatchEndpoints", "BatchDeployments"]
        for verb in ["List", "Get", "Delete"]
    ] + ["Jobs_Cancel"],
    DATA + "runHistory.json": [
        "Runs_Get", "Runs_GetByQuery", "Runs_GetDetails", "Runs_GetChild", "Runs_Patch",
        "Runs_DeleteTags", "Experiments_Get", "Experiments_GetById", "Experiments_GetByQuery",
        "Experiments_Update", "Experiments_DeleteTags", "RunArtifacts_ListInContainer"],
    DATA + "artifact.json": ["Artifacts_ListInContainer", "Artifacts_Get"],
    DATA + "modelManagement.json": [
        "MLModels_ListQuery", "MLModels_QueryById", "Services_ListQuery", "Services_QueryById",
        "Operations_Get"],
}

LOGS = "operationalinsights/resource-manager/Microsoft.OperationalInsights/stable/2023-09-01/"
QUERY = "operationalinsights/data-plane/Microsoft.OperationalInsights/stable/2022-10-27/"
INSIGHTS = "applicationinsights/resource-manager/Microsoft.Insights/stable/2020-02-02/"
MONITOR = {
    LOGS + "Workspaces.json": [
        "Workspaces_List", "Workspaces_ListByResourceGroup", "Workspaces_Get",
        "Workspaces_CreateOrUpdate", "Workspaces_Delete", "DeletedWorkspaces_List",
        "DeletedWorkspaces_ListByResourceGroup"],
    LOGS + "Tables.json": ["Tables_ListByWorkspace", "Tables_Get"],
    LOGS + "WorkspacePurge.json": ["WorkspacePurge_Purge", "WorkspacePurge_GetPurgeStatus"],
    INSIGHTS + "components_API.json": [
        "Components_List", "Components_ListByResourceGroup", "Components_Get",
        "Components_CreateOrUpdate", "Components_Delete", "Components_Purge",
        "Components_GetPurgeStatus"],
    QUERY + "OperationalInsights.json": ["Query_Execute", "Query_ResourceExecute", "Query_Batch"],
}

STORAGE = "storage/resource-manager/Microsoft.Storage/stable/2023-05-01/"
VAULTS = "keyvault/resource-manager/Microsoft.KeyVault/stable/2023-07-01/"
REGISTRIES = "containerregistry/resource-manager/Microsoft.ContainerRegistry/stable/2023-07-01/"
DEPENDENTS = {
    STORAGE + "storage.json": [
        "StorageAccounts_List", "StorageAccounts_ListByResourceGroup",
        "StorageAccounts_GetProperties", "StorageAccounts_Delete", "DeletedAccounts_List"],
    STORAGE + "blob.json": [
        "BlobServices_GetServiceProperties", "BlobContainers_List", "BlobContainers_Get",
        "BlobContainers_Delete"],
    STORAGE + "file.json": [
        "FileServices_GetServiceProperties", "FileShares_List", "FileShares_Get",
        "FileShares_Delete"],
    VAULTS + "keyvault.json": [
        "Vaults_Get", "Vaults_Delete", "Vaults_ListByResourceGroup", "Vaults_ListBySubscription",
        "Vaults_ListDeleted", "Vaults_GetDeleted", "Vaults_PurgeDeleted"],
    REGISTRIES + "containerregistry.json": [
        "Registries_List", "Registries_ListByResourceGroup", "Registries_Get",
        "Registries_Delete"],
}


FILES = "storage/data-plane/Microsoft.FileStorage/stable/2025-01-05/file.json"
FILE_OPERATIONS = [
    "Service_GetProperties", "Service_ListSharesSegment", "Share_Create", "Share_GetProperties",
    "Share_Delete", "Share_CreateSnapshot", "Share_CreatePermission", "Share_GetPermission",
    "Directory_Create", "Directory_GetProperties", "Directory_Delete", "Directory_SetMetadata",
    "Directory_ListFilesAndDirectoriesSegment", "Directory_ListHandles", "File_Create",
    "File_Download",
    "File_GetProperties", "File_Delete", "File_SetHTTPHeaders", "File_SetMetadata",
    "File_AcquireLease", "File_ReleaseLease", "File_BreakLease", "File_UploadRange",
    "File_GetRangeList", "File_Rename", "File_ListHandles", "File_ForceCloseHandles"]


LAKE = ("storage/data-plane/Azure.Storage.Files.DataLake/stable/2025-01-05/"
        "DataLakeStorage.json")
LAKE_OPERATIONS = [
    "Service_ListFileSystems", "FileSystem_Create", "FileSystem_GetProperties",
    "FileSystem_Delete", "FileSystem_ListPaths", "FileSystem_ListBlobHierarchySegment",
    "Path_Create", "Path_Update", "Path_AppendData", "Path_FlushData", "Path_SetAccessControl",
    "Path_Lease", "Path_Read", "Path_GetProperties", "Path_Delete", "Path_Undelete"]


def operations_of(document, served):
    def resolved(it):
        name = it.get("$ref", "").rsplit("/", 1)[-1]
        return document["parameters"][name] if name else it

    operations = {}
    for path, methods in {**document.get("paths", {}), **document["x-ms-paths"]}.items():
        shared = methods.get("parameters", [])
        for method, operation in methods.items():
            if method == "parameters" or operation["operationId"] not in served:
                continue
            parameters = [resolved(it) for it in operation.get("parameters", []) + shared]
            headers = [it for it in parameters if it["in"] == "header"]
            answers = {status: sorted(name.lower() for name in answer.get("headers", {}))
                       for status, answer in operation["responses"].items()}
            # What makes two operations of one path is no part of the request.
            path_text, _, query = path.partition("?")
            operations[operation["operationId"]] = {
                "method": method.upper(), "path": path_text,
                "query": [it for it in query.split("&") if "=" in it],
                "queries": sorted(it["name"] for it in parameters if it["in"] == "query"),
                "headers": sorted(it["name"].lower() for it in headers),
                "needed": sorted(it["name"].lower() for it in headers if it.get("required")),
                "answers": answers}
    return operations


def lake_of(root):
    with open(os.path.join(root, LAKE), encoding="utf-8") as file:
        document = json.load(file)
    fields = {word: sorted(document["definitions"][word]["properties"])
              for word in ["Path", "FileSystem"]}
    return {"operations": operations_of(document, LAKE_OPERATIONS), "json": fields}


def files_of(root):
    with open(os.path.join(root, FILES), encoding="utf-8") as file:
        document = json.load(file)
    operations = operations_of(document, FILE_OPERATIONS)
    definitions = document["definitions"]

    def elements(word):
        """Its elements in order: the name, whether it has to be there, what is in it."""
        made = []
        definition = definitions[word]
        for name, field in definition.get("properties", {}).items():
            xml = field.get("xml", {})
            if xml.get("attribute") or xml.get("x-ms-text"):
                continue
            needed = name in definition.get("required", [])
            inner = field.get("$ref", "").rsplit("/", 1)[-1]
            if field.get("type") == "array":
                item = field["items"].get("$ref", "").rsplit("/", 1)[-1]
                named = definitions.get(item, {}).get("xml", {}).get("name", item)
                each = [[named, False, elements(item) if item in definitions else []]]
                if xml.get("wrapped"):
                    made.append([xml.get("name", name), needed, each])
                else:
                    made += each
                continue
            # The name of a definition wins where it has one: it stands once, as Entries does.
            own = definitions.get(inner, {}).get("xml", {}).get("name", name)
            made.append([own, needed, elements(inner) if inner in definitions else []])
        return made

    listings = ["ListFilesAndDirectoriesSegmentResponse", "ListSharesResponse",
                "ListHandlesResponse"]
    return {"operations": operations, "codes": sorted(definitions["ErrorCode"]["enum"]),
            "xml": {word: elements(word) for word in listings}}


def main(root, part=""):
    if part in ["files", "lake"]:
        made = files_of(root) if part == "files" else lake_of(root)
        json.dump(made, sys.stdout, separators=(",", ":"), sort_keys=True)
        print()
        return
    made = {"operations": {}, "definitions": {}}
    files = {}
    served = {"monitor": MONITOR, "dependents": DEPENDENTS}.get(part, SERVED)
    for name, operations in served.items():
        Reducer(root, name, files, made).operations(operations)
    json.dump(made, sys.stdout, indent=None, separators=(",", ":"), sort_keys=True)
    print()


class Reducer:
    def __init__(self, root, name, files, made):
        self.root, self.name, self.files, self.made = root, name, files, made

    def operations(self, served):
        document = self.file(self.name)
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if operation.get("operationId") in served:
                    self.operation(path, method, operation)

    def operation(self, path, method, operation):
        answers = {}
        for status, answer in operation["responses"].items():
            schema = answer.get("schema")
            answers[status] = self.schema(schema, self.name) if schema else None
        examples = []
        for example in operation.get("x-ms-examples", {}).values():
            place = self.relative(self.name, example["$ref"])
            if os.path.exists(os.path.join(self.root, place)):
                examples.append(self.file(place))
        plane = "data" if "data-plane/" in self.name else "arm"
        made = {"plane": plane, "method": method.upper(), "path": path, "answers": answers,
                "examples": examples}
        # Two data-plane files may use one word for two operations.
        self.made["operations"][operation["operationId"]] = made

    def schema(self, schema, name):
        if isinstance(schema, list):
            return [self.schema(item, name) for item in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            return {"$ref": "#/definitions/" + self.define(schema["$ref"], name, whole=True)}
        made = {}
        for key in ["type", "enum", "required", "additionalProperties", "items", "properties",
                    "minItems", "maxItems"]:
            if key not in schema:
                continue
            value = schema[key]
            # It is said of the parts of a whole, which none of them would take.
            if key == "additionalProperties" and value is False:
                continue
            if key == "enum" and schema.get("x-ms-enum", {}).get("modelAsString", True):
                continue
            if key == "properties":
                value = {field: self.schema(inner, name) for field, inner in value.items()}
            elif key in ["items", "additionalProperties"]:
                value = self.schema(value, name)
            made[key] = value
        if "allOf" in schema:
            made["allOf"] = [self.part(part, name) for part in schema["allOf"]]
        if schema.get("x-nullable") and "type" in made:
            made["type"] = [made["type"], "null"]
        return made

    def part(self, part, name):
        """What a definition is made of: not the choice of subtypes, or it would have itself."""
        if "$ref" not in part:
            return self.schema(part, name)
        return {"$ref": "#/definitions/" + self.define(part["$ref"], name, whole=False)}

    def define(self, reference, name, whole):
        """Defines what is referred to; the whole of it is a choice where it has subtypes."""
        place, _, word = reference.partition("#/definitions/")
        place = self.relative(name, place) if place else name
        short = os.path.basename(place).split(".")[0] + "." + word
        definition = self.file(place)["definitions"][word]
        own = self.subtypes(place, word) if whole and "discriminator" in definition else []
        key = short + (".any" if own else "")
        if key in self.made["definitions"]:
            return key
        self.made["definitions"][key] = {}
        if not own:
            self.made["definitions"][key] = self.schema(definition, place)
            return key
        field = definition["discriminator"]
        choices = [{"$ref": "#/definitions/" + self.define(reference, name, whole=False)}]
        for subtype in own:
            value = self.file(place)["definitions"][subtype].get("x-ms-discriminator-value", subtype)
            inner = self.define("#/definitions/" + subtype, place, whole=False)
            is_other = {"not": {"properties": {field: {"enum": [value]}}, "required": [field]}}
            choices.append({"anyOf": [is_other, {"$ref": "#/definitions/" + inner}]})
        self.made["definitions"][key] = {"allOf": choices}
        return key

    def subtypes(self, place, word):
        suffix = "#/definitions/" + word
        found = []
        for name, definition in self.file(place)["definitions"].items():
            if any(part.get("$ref", "") == suffix for part in definition.get("allOf", [])):
                found.append(name)
                found += self.subtypes(place, name)
        return sorted(set(found))

    def relative(self, name, reference):
        return os.path.normpath(os.path.join(os.path.dirname(name), reference))

    def file(self, name):
        if name not in self.files:
            with open(os.path.join(self.root, name), encoding="utf-8") as file:
                self.files[name] = json.load(file)
        return copy.copy(self.files[name])


main(*sys.argv[1:])
