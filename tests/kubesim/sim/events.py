"""Events, in the two shapes that the components write: aggregated by count, or the scheduler's series."""
import time

from .resources import EVENTS, JOBS, PODS
from .store import clone, stamp


class Recorder:
    def __init__(self, store):
        self.store = store
        self.known = {}  # (uid, reason, message) -> the event's key

    def emit(self, resource, item, kind, reason, message, component):
        """An event on the object; the same again only raises its count."""
        meta = item["metadata"]
        key = (meta["uid"], reason, message)
        if self.known.get(key) and self.store.get(EVENTS, *self.known[key]):
            return self.again(self.known[key])
        name = f"{meta['name']}.{time.time_ns():x}{len(self.known) % 16:x}"
        self.known[key] = (meta["namespace"], name)
        event = {
            "metadata": {"name": name, "namespace": meta["namespace"]},
            "involvedObject": {"kind": resource.kind, "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"],
                               "apiVersion": resource.api_version, "resourceVersion": meta["resourceVersion"]},
            "reason": reason, "message": message, "type": kind,
            **(self.series_shape(reason) if component == "default-scheduler" else self.count_shape(component))}
        self.store.create(EVENTS, event)

    @staticmethod
    def count_shape(component):
        now = stamp()
        return {"source": {"component": component}, "firstTimestamp": now, "lastTimestamp": now, "count": 1,
                "eventTime": None, "reportingComponent": "", "reportingInstance": ""}

    @staticmethod
    def series_shape(reason):
        action = "Binding" if reason == "Scheduled" else "Scheduling"
        return {"source": {}, "firstTimestamp": None, "lastTimestamp": None, "eventTime": micro_stamp(), "action": action,
                "reportingComponent": "default-scheduler", "reportingInstance": "default-scheduler-kubesim"}

    def again(self, key):
        event = clone(self.store.get(EVENTS, *key))
        if event["eventTime"]:
            count = event.get("series", {}).get("count", 0) + 1
            event["series"] = {"count": count, "lastObservedTime": micro_stamp()}
        else:
            event.update(count=event["count"] + 1, lastTimestamp=stamp())
        self.store.update(EVENTS, event)

    def on_job(self, job, kind, reason, message):
        self.emit(JOBS, job, kind, reason, message, "job-controller")

    def on_pod(self, pod, kind, reason, message, component):
        self.emit(PODS, pod, kind, reason, message, component)


def micro_stamp():
    now = time.time()
    return stamp(now)[:-1] + f".{int(now % 1 * 1e6):06d}Z"
