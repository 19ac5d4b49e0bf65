"""ResourceQuotas: count/jobs.batch, pods, and requests and limits of cpu and memory."""
from .resources import JOBS, PODS, QUOTAS, forbidden
from .store import clone
from .validation import quantity

POD_RESOURCES = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


def over_pods(key):
    return key == "pods" or key in POD_RESOURCES


def ended(pod):
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def needs(resource, item, key):
    """How much of `key` the object takes; None if it does not say, though it must."""
    if key == f"count/{resource.qualified}" or key == "pods":
        return 1
    kind, name = key.split(".")
    amounts = [container.get("resources", {}).get(kind, {}).get(name) for container in item["spec"]["containers"]]
    return None if None in amounts else sum(quantity(amount) for amount in amounts)


class Quotas:
    def __init__(self, store):
        self.store = store

    def admit(self, resource, item):
        """Raises the 403 of the first quota that has no room for the object."""
        meta = item["metadata"]
        for quota in self.store.list(QUOTAS, meta["namespace"]):
            hard = quota["spec"].get("hard", {})
            keys = [key for key in hard if key == f"count/{resource.qualified}" or resource is PODS and over_pods(key)]
            unsaid = [key for key in keys if needs(resource, item, key) is None]
            if unsaid:
                raise forbidden(resource, meta["name"],
                                f"failed quota: {quota['metadata']['name']}: must specify {','.join(unsaid)}")
            self.room(resource, item, quota, keys)

    def room(self, resource, item, quota, keys):
        hard, name = quota["spec"].get("hard", {}), item["metadata"]["name"]
        used = {key: self.used(key, item["metadata"]["namespace"]) for key in keys}
        full = [key for key in keys if used[key] + needs(resource, item, key) > quantity(hard[key])]
        if full:
            def say(amounts):
                return ",".join(f"{key}={number(amounts[key])}" for key in full)
            requested = {key: needs(resource, item, key) for key in full}
            raise forbidden(resource, name, f"exceeded quota: {quota['metadata']['name']}, requested: {say(requested)}, "
                            f"used: {say(used)}, limited: {say(hard)}")

    def used(self, key, namespace):
        if key == "count/jobs.batch":
            return len(self.store.list(JOBS, namespace))
        pods = [pod for pod in self.store.list(PODS, namespace) if not ended(pod)]
        return len(pods) if key in ("pods", "count/pods") else sum(needs(PODS, pod, key) or 0 for pod in pods)

    def follow(self):
        """Brings the status of all quotas up to date."""
        for quota in self.store.list(QUOTAS):
            hard, namespace = quota["spec"].get("hard", {}), quota["metadata"]["namespace"]
            new = clone(quota)
            new["status"] = {"hard": hard, "used": {key: number(self.used(key, namespace)) for key in hard
                                                    if key.startswith("count/") or over_pods(key)}}
            self.store.update(QUOTAS, new)


def number(value):
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
