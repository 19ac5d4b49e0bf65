"""What the API server writes into a Job that leaves it open."""
from .store import clone

CONTAINER = {"resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
POD = {"terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {}, "schedulerName": "default-scheduler"}


def without_empty(value):
    """Without what the server's encoder leaves out: nulls, and labels and annotations that are empty."""
    if isinstance(value, dict):
        return {key: without_empty(inner) for key, inner in value.items()
                if inner is not None and (inner != {} or key not in ("labels", "annotations"))}
    return [without_empty(inner) for inner in value] if isinstance(value, list) else value


def job(item, minor):
    """The Job with defaults, its generated selector and labels. Its metadata has a name and a uid by now."""
    meta, spec = item["metadata"], item.setdefault("spec", {})
    item["status"] = {}
    spec.setdefault("parallelism", 1)
    spec.setdefault("completions", 1)
    spec.setdefault("backoffLimit", 6)
    if minor >= 22:
        spec.setdefault("completionMode", "NonIndexed")
        spec.setdefault("suspend", False)
    else:
        spec.pop("suspend", None)
    if spec.get("selector"):
        spec["userSelector"] = spec["selector"]
    spec["selector"] = {"matchLabels": {owner_label(minor): meta["uid"]}}
    template = spec.setdefault("template", {})
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    template["metadata"]["creationTimestamp"] = None
    for prefix in ("", "batch.kubernetes.io/") if minor >= 27 else ("",):
        labels.update({prefix + "controller-uid": meta["uid"], prefix + "job-name": meta.get("name", "")})
    pod_spec(template.setdefault("spec", {}))


def owner_label(minor):
    return "batch.kubernetes.io/controller-uid" if minor >= 27 else "controller-uid"


def pod_spec(spec):
    for container in (spec.get("initContainers") or []) + (spec.get("containers") or []):
        for key, value in CONTAINER.items():
            container.setdefault(key, clone(value))
        tag = container.get("image", "").rpartition("/")[2].rpartition(":")
        container.setdefault("imagePullPolicy", "IfNotPresent" if tag[1] and tag[2] != "latest" else "Always")
    for key, value in POD.items():
        spec.setdefault(key, clone(value))
