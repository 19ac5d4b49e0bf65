"""The objects, their resourceVersions, and the history that watches replay.

Objects in the store are never changed in place: whoever changes one clones it and calls update(). Listeners are called
after each change, in the order of the changes.
"""
import copy
import json
import time
import uuid
from collections import deque

from .resources import ALL, already_exists

clone = copy.deepcopy


def stamp(seconds=None):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def encode(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Change:
    """One write. `old` is None for a creation, `new` for a removal has the removal's resourceVersion."""

    __slots__ = ("version", "kind", "old", "new", "bytes")

    def __init__(self, version, kind, old, new):
        self.version, self.kind, self.old, self.new = version, kind, old, new
        self.bytes = encode(new)


class Store:
    def __init__(self, random, history):
        self.random = random
        # Later than any version of an earlier life of this server, so that those are recognized as gone.
        self.version = time.time_ns() // 1_000_000
        self.objects = {resource: {} for resource in ALL}  # (namespace, name) -> object
        self.history = {resource: deque(maxlen=history) for resource in ALL}
        self.oldest = dict.fromkeys(ALL, self.version)  # watches can start from here on
        self.listeners = []  # called with (resource, Change)

    # Reading

    def get(self, resource, namespace, name):
        return self.objects[resource].get((namespace, name))

    def list(self, resource, namespace=None):
        """In the order of namespaces and names, as etcd keeps them."""
        found = self.objects[resource]
        return [found[key] for key in sorted(found) if namespace is None or key[0] == namespace]

    def since(self, resource, version):
        """The changes after `version`, or None when they are no longer known."""
        if version < self.oldest[resource]:
            return None
        return [change for change in self.history[resource] if change.version > version]

    # Writing

    def create(self, resource, item):
        """Fills in what the server fills in. The item must not be changed afterwards."""
        meta = item["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        old = self.objects[resource].get(key)
        if old:
            raise already_exists(resource, meta["name"], "deletionTimestamp" in old["metadata"])
        self.fill(meta)
        self.write(resource, "ADDED", None, item)
        return item

    def fill(self, meta):
        meta["uid"] = meta.get("uid") or self.new_uid()
        meta["creationTimestamp"] = stamp()

    def update(self, resource, new):
        """Replaces an object; removes it if it was only waiting for its finalizers. No write if nothing changed."""
        meta = new["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        old = self.objects[resource][key]
        if new == old:
            return old
        if "deletionTimestamp" in meta and not meta.get("finalizers") and meta.get("deletionGracePeriodSeconds") == 0:
            self.remove(resource, old)
            return new
        self.write(resource, "MODIFIED", old, new)
        return new

    def remove(self, resource, item):
        gone = {**item, "metadata": dict(item["metadata"])}
        self.write(resource, "DELETED", item, gone)

    def write(self, resource, kind, old, new):
        self.version += 1
        meta = new["metadata"]
        meta["resourceVersion"] = str(self.version)
        key = (meta.get("namespace", ""), meta["name"])
        if kind == "DELETED":
            del self.objects[resource][key]
        else:
            self.objects[resource][key] = new
        change = Change(self.version, kind, old, new)
        history = self.history[resource]
        if len(history) == history.maxlen:
            self.oldest[resource] = history[0].version
        history.append(change)
        for listener in self.listeners:
            listener(resource, change)

    def compact(self):
        """Forgets the history: watches can start from now on only."""
        for resource in ALL:
            self.history[resource].clear()
            self.oldest[resource] = self.version

    # Names

    def new_uid(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def suffix(self):
        return "".join(self.random.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(5))
