"""How objects go: grace periods of pods, finalizers, propagation to what a Job owns."""
import time

from .resources import JOBS, NAMESPACES, PODS, QUOTAS
from .store import clone, stamp

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


class Lifecycle:
    """Deletes objects, and collects as garbage what gone Jobs owned. Listens to the store."""

    def __init__(self, store, soon):
        self.store = store
        self.soon = soon  # calls a function after the present write
        self.pods = {}  # owner's uid -> keys of its pods, in order of creation
        store.listeners.append(self.see)

    def delete(self, resource, item, policy=None, grace=None):
        """Begins to delete. Returns the object as it is from now on, or None if it is gone already."""
        if resource is PODS:
            return self.delete_pod(item, grace)
        if resource is NAMESPACES:
            self.empty(item["metadata"]["name"])
        more = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(policy, [])
        meta = item["metadata"]
        if "deletionTimestamp" in meta:
            return item
        finalizers = [name for name in meta.get("finalizers") or [] if name not in (ORPHAN, FOREGROUND)] + more
        if not finalizers:
            self.store.remove(resource, item)
            return None
        new = clone(item)
        new["metadata"].update(deletionTimestamp=stamp(), deletionGracePeriodSeconds=0, finalizers=finalizers)
        self.store.update(resource, new)
        if more:
            self.soon(self.propagate, resource, meta)
        return new

    def delete_pod(self, pod, grace):
        """A pod on a node gets its grace; its kubelet ends it and removes it."""
        meta, spec = pod["metadata"], pod["spec"]
        if grace is None:
            grace = spec.get("terminationGracePeriodSeconds", 30)
        if not spec.get("nodeName") or grace == 0:
            self.store.remove(PODS, pod)
            return None
        if "deletionTimestamp" in meta:
            return pod
        new = clone(pod)
        new["metadata"].update(deletionTimestamp=stamp(time.time() + grace), deletionGracePeriodSeconds=grace)
        return self.store.update(PODS, new)

    def empty(self, namespace):
        for resource in self.store.objects:
            if resource is not NAMESPACES:
                for item in self.store.list(resource, namespace):
                    self.store.remove(resource, item)

    def propagate(self, resource, meta):
        """Orphan: the pods lose their owner. Foreground: they go first, and the owner with the last of them (see())."""
        owner = self.store.get(resource, meta["namespace"], meta["name"])
        if not owner:
            return
        finalizers = owner["metadata"].get("finalizers") or []
        pods = self.owned(owner)
        for pod in pods:
            if ORPHAN in finalizers:
                new = clone(pod)
                del new["metadata"]["ownerReferences"]
                self.store.update(PODS, new)
            else:
                self.delete_pod(pod, None)
        if ORPHAN in finalizers or not self.owned(owner):
            new = clone(owner)
            new["metadata"]["finalizers"] = [name for name in finalizers if name not in (ORPHAN, FOREGROUND)]
            self.store.update(resource, new)

    def owned(self, owner):
        keys = self.pods.get(owner["metadata"]["uid"], {})
        return [self.store.get(PODS, *key) for key in keys]

    def see(self, resource, change):
        meta = change.new["metadata"]
        if resource is PODS:
            self.see_pod(change, meta)
        elif resource is JOBS and change.kind == "DELETED":
            self.soon(self.collect, change.new)

    def see_pod(self, change, meta):
        key, owner = (meta["namespace"], meta["name"]), owner_uid(change.new)
        before = change.old and owner_uid(change.old)
        if before and (before != owner or change.kind == "DELETED"):
            del self.pods[before][key]
            if not self.pods[before]:
                del self.pods[before]
        if owner and change.kind != "DELETED":
            self.pods.setdefault(owner, {})[key] = None
        if owner and change.kind == "DELETED":
            self.soon(self.last_of, meta["namespace"], meta["ownerReferences"][0]["name"])

    def collect(self, job):
        for pod in self.owned(job):
            self.delete_pod(pod, None)

    def last_of(self, namespace, name):
        job = self.store.get(JOBS, namespace, name)
        if job and FOREGROUND in (job["metadata"].get("finalizers") or []) and not self.owned(job):
            self.propagate(JOBS, job["metadata"])


def owner_uid(item):
    return next((ref["uid"] for ref in item["metadata"].get("ownerReferences") or [] if ref.get("controller")), None)


class QuotaStatus:
    """Keeps the quotas' status up to date, a moment after the writes that change it."""

    def __init__(self, store, quotas, soon):
        self.quotas, self.soon = quotas, soon
        self.due = False
        store.listeners.append(self.see)

    def see(self, resource, change):
        if resource in (JOBS, PODS, QUOTAS) and not self.due:
            self.due = True
            self.soon(self.follow)

    def follow(self):
        self.due = False
        self.quotas.follow()
