"""What the tests and the benchmark want to know: who created how many Jobs, how many at once, and what should not have been."""
import time

from .jobs import finished, is_ready
from .lifecycle import owner_uid
from .quota import ended
from .resources import JOBS, PODS

SCALER, NUMBER, GROUP = "jobscaler.io/scaler", "jobscaler.io/number", "jobscaler.io/node-group"
FATAL = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError", "CreateContainerConfigError",
         "CreateContainerError", "RunContainerError", "CrashLoopBackOff", "InvalidImageName"}


class Worker:
    """A Job with a scaler's label: what the design calls a worker."""

    def __init__(self, job, now):
        labels = job["metadata"]["labels"]
        self.name, self.uid = job["metadata"]["name"], job["metadata"]["uid"]
        self.scaler, self.group = labels[SCALER], labels.get(GROUP, "")
        self.number = int(labels.get(NUMBER, "0"))
        self.created, self.ready, self.finished, self.deleted = now, None, None, None  # monotonic ns
        self.stuck = False  # a fatal waiting reason, or FailedCreate: it holds nobody back any more
        self.unschedulable = None  # since when

    def unfinished(self):
        return self.finished is None and self.deleted is None

    def unready(self, now, node_timeout):
        waits = self.unschedulable and node_timeout is not None and now - self.unschedulable > node_timeout
        return self.unfinished() and self.ready is None and not self.stuck and not waits


class Stats:
    """Listens to the store. Nothing here changes what the server does."""

    def __init__(self, store):
        self.store = store
        self.workers = {}  # Job's uid -> Worker, for as long as the Job exists
        self.names = set()  # scaler's and number's of all that ever were
        self.timeline = []
        self.posts = []  # of Jobs: (arrival, name, status), dry runs left out
        self.created, self.peak_unfinished, self.peak_unready = {}, {}, {}
        self.limits = {"max": {}, "window": {}, "node_timeout": None}
        self.violations = []
        store.listeners.append(self.see)

    # What happens

    def see(self, resource, change):
        if resource is JOBS:
            self.see_job(change)
        elif resource is PODS:
            worker = self.workers.get(owner_uid(change.new))
            if worker and change.kind != "DELETED":
                self.see_pod(worker, change.new)
        elif resource.kind == "Event" and change.new["reason"] == "FailedCreate":
            worker = self.workers.get(change.new["involvedObject"]["uid"])
            if worker:
                worker.stuck = True

    def see_job(self, change):
        now, uid = time.monotonic_ns(), change.new["metadata"]["uid"]
        if change.kind == "ADDED" and SCALER in (change.new["metadata"].get("labels") or {}):
            self.workers[uid] = worker = Worker(change.new, now)
            self.timeline.append(worker)
            self.count(worker)
        elif uid in self.workers and change.kind == "DELETED":
            self.workers.pop(uid).deleted = now
        elif uid in self.workers and finished(change.new) and not self.workers[uid].finished:
            self.workers[uid].finished = now

    def see_pod(self, worker, pod):
        now = time.monotonic_ns()
        if is_ready(pod) or pod["status"]["phase"] == "Succeeded":
            worker.ready = worker.ready or now
        waiting = [(status["state"].get("waiting") or {}).get("reason") for status in pod["status"].get("containerStatuses", [])]
        worker.stuck = bool(FATAL.intersection(waiting))
        conditions = pod["status"].get("conditions", [])
        unscheduled = any(c["type"] == "PodScheduled" and c.get("reason") == "Unschedulable" for c in conditions)
        worker.unschedulable = (worker.unschedulable or time.time()) if unscheduled else None

    def count(self, new):
        """A worker was created: the counts, and whether it should have been."""
        scaler, group, now = new.scaler, new.group, time.time()
        self.created[scaler] = self.created.get(scaler, 0) + 1
        unfinished = sum(worker.scaler == scaler and worker.unfinished() for worker in self.workers.values())
        unready = sum(worker.group == group and worker.unready(now, self.limits["node_timeout"]) for worker in self.workers.values())
        self.peak_unfinished[scaler] = max(unfinished, self.peak_unfinished.get(scaler, 0))
        self.peak_unready[group] = max(unready, self.peak_unready.get(group, 0))
        most, window = self.limits["max"].get(scaler), self.limits["window"].get(group)
        if most is not None and unfinished > most:
            self.violate(f"bounded: {new.name} is unfinished worker {unfinished} of {scaler}, whose max is {most}")
        if window is not None and unready > window:
            self.violate(f"gated: {new.name} is unready worker {unready} of node group {group}, whose window is {window}")
        if (scaler, new.number) in self.names:
            self.violate(f"serial: the number of {new.name} was used before")
        if new.number > 1 and (scaler, new.number - 1) not in self.names and any(name == scaler for name, _ in self.names):
            self.violate(f"dense: {new.name} was created, and {scaler}-{new.number - 1} never was")
        self.names.add((scaler, new.number))

    def client_deletes(self, resource, item, policy, options):
        """A client, not a controller, deletes something."""
        meta = item["metadata"]
        uid = meta["uid"] if resource is JOBS else owner_uid(item)
        worker = self.workers.get(uid)
        if not worker:
            return
        if worker.ready and worker.unfinished() and not ended(item):
            self.violate(f"hands off: {resource.kind} {meta['name']} was deleted while it was working")
        if resource is JOBS and policy == "Orphan":
            self.violate(f"orphan: Job {meta['name']} was deleted without its pod")
        if resource is JOBS and not (options.get("preconditions") or {}).get("uid"):
            self.violate(f"precondition: Job {meta['name']} was deleted without its UID as precondition")

    def posted(self, request, status, name):
        self.posts.append((request.arrived, name, status))

    def violate(self, text):
        self.violations.append(text)

    # What is told

    def limit(self, limits):
        """From now on: {"max": {SCALER: N}, "window": {GROUP: N}, "node_timeout": SECONDS}."""
        for key, value in limits.items():
            if key not in self.limits:
                raise ValueError(f"unknown limit {key!r}; there are {', '.join(self.limits)}")
            self.limits[key] = value

    def report(self):
        now = time.time()
        unfinished, unready = {}, {}
        for worker in self.workers.values():
            unfinished[worker.scaler] = unfinished.get(worker.scaler, 0) + worker.unfinished()
            unready[worker.group] = unready.get(worker.group, 0) + worker.unready(now, self.limits["node_timeout"])
        return {
            "created": self.created, "unfinished": unfinished, "unready": unready,
            "peak_unfinished": self.peak_unfinished, "peak_unready": self.peak_unready, "violations": self.violations,
            "posts": {"total": len(self.posts), "created": sum(status == 201 for _, _, status in self.posts),
                      "conflicts": sum(status == 409 for _, _, status in self.posts)}}

    def times(self):
        """Monotonic nanoseconds: each Job's creation, first readiness and end, and each POST's arrival."""
        return {"jobs": [{"name": worker.name, "scaler": worker.scaler, "created": worker.created, "ready": worker.ready,
                          "finished": worker.finished, "deleted": worker.deleted} for worker in self.timeline],
                "posts": [{"arrived": arrived, "name": name, "status": status} for arrived, name, status in self.posts]}
