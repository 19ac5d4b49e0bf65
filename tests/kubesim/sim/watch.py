"""Watches: the stream of one client's events."""
from .resources import expired
from .store import encode

BOOKMARK_SHAPES = {"Job": {"spec": {"template": {"metadata": {"creationTimestamp": None}, "spec": {"containers": None}}}, "status": {}},
                   "Pod": {"spec": {"containers": None}, "status": {}}}


def with_kind(resource, text):
    return b'{"kind":"%s","apiVersion":"%s",%s' % (resource.kind.encode(), resource.api_version.encode(), text[1:])


def line(kind, text):
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), text)


class Watch:
    """What a client asked to be told. begin() gives it a `send`; from then on it follows the store until end()."""

    def __init__(self, store, resource, namespace, selects, query, options):
        self.store, self.resource, self.namespace, self.selects = store, resource, namespace, selects
        self.bookmarks = query.get("allowWatchBookmarks") in ("1", "true")
        self.version = options["version"]  # None: from what there is now
        self.timeout = options["timeout"]
        self.send = None

    def begin(self, send):
        """`send(line, type, uid)` is called for every line. Returns whether there is more to come."""
        self.send = send
        if self.version is None:
            for item in self.store.list(self.resource, self.namespace):
                if self.selects(item):
                    self.put("ADDED", encode(item), item["metadata"]["uid"])
        else:
            changes = self.store.since(self.resource, self.version)
            if changes is None:
                self.fail(expired(f"too old resource version: {self.version} ({self.store.oldest[self.resource]})"))
                return False
            for change in changes:
                self.see(self.resource, change)
        self.store.listeners.append(self.see)
        return True

    def end(self):
        if self.see in self.store.listeners:
            self.store.listeners.remove(self.see)

    def see(self, resource, change):
        if resource is not self.resource or self.version is not None and change.version <= self.version:
            return
        if self.namespace is not None and change.new["metadata"].get("namespace") != self.namespace:
            return
        shown = change.old is not None and self.selects(change.old)
        shows = change.kind != "DELETED" and self.selects(change.new)
        if shows:
            self.put("MODIFIED" if shown else "ADDED", change.bytes, change.new["metadata"]["uid"])
        elif shown:
            self.put("DELETED", change.bytes, change.new["metadata"]["uid"])

    def put(self, kind, text, uid=None):
        self.send(line(kind, with_kind(self.resource, text)), kind, uid)

    def bookmark(self):
        if self.bookmarks:
            item = {"metadata": {"resourceVersion": str(self.store.version), "creationTimestamp": None},
                    **BOOKMARK_SHAPES.get(self.resource.kind, {})}
            self.put("BOOKMARK", encode(item))

    def fail(self, error):
        self.send(line("ERROR", encode(error.body)), "ERROR", None)
