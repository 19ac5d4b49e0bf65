"""What the server has, for clients that ask before they do."""
from .resources import ALL

VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


def discover(path, minor):
    """The answer to a path that is about the server, or None."""
    if path == "/version":
        return {"major": "1", "minor": str(minor), "gitVersion": f"v1.{minor}.0+kubesim", "gitCommit": "kubesim",
                "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "none",
                "platform": "linux/amd64"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        versions = [{"groupVersion": text, "version": "v1"} for text in sorted({r.api_version for r in ALL if r.group})]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
            {"name": v["groupVersion"].partition("/")[0], "versions": [v], "preferredVersion": v} for v in versions]}
    group = path.removeprefix("/apis/").removeprefix("/api/")
    found = [resource for resource in ALL if path.startswith("/api") and resource.api_version == group]
    return found and {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": [
        {"name": r.plural, "singularName": "", "namespaced": r.namespaced, "kind": r.kind,
         "verbs": VERBS} for r in found]} or None
