"""The Job controller: one pod per Job that wants one, and what becomes of the Job. Also removes finished Jobs (TTL)."""
import calendar
import time

from .defaults import owner_label
from .lifecycle import owner_uid
from .quota import ended
from .resources import JOBS, PODS, ApiError
from .store import clone, stamp

BACKOFF = 10  # seconds before a failed pod's replacement, and after a pod that could not be created; doubling
MOST_BACKOFF = 360
DELETED_PODS_FAIL_SINCE = 26  # 1.26: a deleted pod of an unfinished Job counts as failed; before, it was just replaced
READY_SINCE = 24
TOLERATIONS = [{"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
               for key in ("not-ready", "unreachable")]


def finished(job):
    return next((c for c in job["status"].get("conditions", []) if c["type"] in ("Complete", "Failed") and c["status"] == "True"), None)


def seconds_of(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


class JobController:
    def __init__(self, store, recorder, quotas, lifecycle, loop, minor):
        self.store, self.recorder, self.quotas, self.lifecycle = store, recorder, quotas, lifecycle
        self.loop, self.minor = loop, minor
        self.due = set()  # keys of the Jobs to look at
        self.ends = {}  # Job's uid -> {"Succeeded": pods' uids, "Failed": pods' uids}
        self.not_before = {}  # Job's uid -> (when to try the next pod, how often it failed)
        store.listeners.append(self.see)

    def see(self, resource, change):
        meta = change.new["metadata"]
        if resource is JOBS:
            self.soon((meta["namespace"], meta["name"]))
        elif resource is PODS and owner_uid(change.new):
            if change.kind == "DELETED" and not ended(change.new):
                self.deleted(change.new)
            self.soon((meta["namespace"], meta["ownerReferences"][0]["name"]))

    def soon(self, key, delay=0):
        """Looks at the Job at once, or (again) after `delay` seconds; not at all if that is None."""
        if delay:
            self.loop.call_later(delay, self.sync, key)
        elif delay is not None and key not in self.due:
            self.due.add(key)
            self.loop.call_soon(self.sync, key)

    def deleted(self, pod):
        if self.minor >= DELETED_PODS_FAIL_SINCE:
            self.counted(owner_uid(pod))["Failed"].add(pod["metadata"]["uid"])

    def counted(self, uid):
        return self.ends.setdefault(uid, {"Succeeded": set(), "Failed": set()})

    def sync(self, key):
        self.due.discard(key)
        job = self.store.get(JOBS, *key)
        if not job or "deletionTimestamp" in job["metadata"]:
            return
        if finished(job):
            return self.expire(job)
        new = clone(job)
        status, spec = new["status"], new["spec"]
        if "startTime" not in status and not spec.get("suspend"):
            status["startTime"] = stamp()
            self.soon(key, spec.get("activeDeadlineSeconds"))
        active = self.take_stock(job, status)
        verdict = self.verdict(spec, status)
        if verdict:
            self.finish(new, active, *verdict)
        elif spec.get("suspend"):
            self.suspend(new, active)
        else:
            active += self.add_pods(job, min(spec["parallelism"], spec["completions"] - status.get("succeeded", 0)) - len(active))
        self.count_active(status, active)
        if set(status) <= {"startTime", "ready"}:
            return  # no pod came of it: the real controller does not write either
        self.store.update(JOBS, new)

    def take_stock(self, job, status):
        """Counts the pods that have ended. Returns the others."""
        ends, active = self.counted(job["metadata"]["uid"]), []
        for pod in self.lifecycle.owned(job):
            if ended(pod):
                ends[pod["status"]["phase"]].add(pod["metadata"]["uid"])
            elif "deletionTimestamp" in pod["metadata"]:
                self.deleted(pod)
            else:
                active.append(pod)
        for key, phase in (("succeeded", "Succeeded"), ("failed", "Failed")):
            if ends[phase]:
                status[key] = len(ends[phase])
        return active

    def verdict(self, spec, status):
        deadline = spec.get("activeDeadlineSeconds")
        if deadline is not None and "startTime" in status and time.time() >= seconds_of(status["startTime"]) + deadline:
            return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
        if status.get("failed", 0) > spec["backoffLimit"]:
            return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        if status.get("succeeded", 0) >= spec["completions"]:
            return "Complete", None, None
        return None

    def count_active(self, status, active):
        status.pop("active", None)
        status.pop("ready", None)
        if active:
            status["active"] = len(active)
        if self.minor >= READY_SINCE:
            status["ready"] = sum(map(is_ready, active))

    def finish(self, job, active, kind, reason, message):
        for pod in list(active):
            self.remove_pod(job, pod)
            active.remove(pod)
        now = stamp()
        words = {"reason": reason, "message": message} if reason else {}
        condition = {"type": kind, "status": "True", "lastProbeTime": now, "lastTransitionTime": now, **words}
        job["status"]["conditions"] = [condition]
        if kind == "Complete":
            job["status"]["completionTime"] = now
            self.recorder.on_job(job, "Normal", "Completed", "Job completed")
        else:
            self.recorder.on_job(job, "Warning", reason, message)

    def suspend(self, job, active):
        for pod in list(active):
            self.remove_pod(job, pod)
            active.remove(pod)
        now = stamp()
        job["status"].pop("startTime", None)
        if not job["status"].get("conditions"):
            job["status"]["conditions"] = [{"type": "Suspended", "status": "True", "lastProbeTime": now, "lastTransitionTime": now,
                                            "reason": "JobSuspended", "message": "Job suspended"}]

    def remove_pod(self, job, pod):
        self.lifecycle.delete_pod(pod, None)
        self.recorder.on_job(job, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def expire(self, job):
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        self.ends.pop(job["metadata"]["uid"], None)
        if ttl is None:
            return
        left = seconds_of(finished(job)["lastTransitionTime"]) + ttl - time.time()
        if left > 0:
            self.soon((job["metadata"]["namespace"], job["metadata"]["name"]), left)
        else:
            self.lifecycle.delete(JOBS, job, "Foreground")

    # Pods

    def add_pods(self, job, number):
        """The pods that were created. Those that were not are tried again later."""
        meta, made = job["metadata"], []
        when, failures = self.not_before.get(meta["uid"], (0, 0))
        failed = job["status"].get("failed", 0) or len(self.counted(meta["uid"])["Failed"])
        key = (meta["namespace"], meta["name"])
        if number > 0 and failed and not failures:
            when, failures = time.time() + min(BACKOFF * 2 ** (failed - 1), MOST_BACKOFF), 1
            self.retry(key, meta["uid"], when, failures)
        if time.time() < when:
            return made
        for _ in range(number):
            pod = self.new_pod(job)
            try:
                self.quotas.admit(PODS, pod)
            except ApiError as error:
                self.recorder.on_job(job, "Warning", "FailedCreate", f"Error creating: {error}")
                self.retry(key, meta["uid"], time.time() + min(BACKOFF * 2 ** failures, MOST_BACKOFF), failures + 1)
                break
            made.append(self.store.create(PODS, pod))
            self.recorder.on_job(job, "Normal", "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        return made

    def retry(self, key, uid, when, failures):
        self.not_before[uid] = (when, failures)
        self.loop.call_later(when - time.time(), self.sync, key)

    def new_pod(self, job):
        meta, template = job["metadata"], clone(job["spec"]["template"])
        spec, labels = template["spec"], template["metadata"].get("labels", {})
        account = spec.setdefault("serviceAccountName", "default")
        spec.update(serviceAccount=account, enableServiceLinks=True, priority=0, preemptionPolicy="PreemptLowerPriority",
                    tolerations=spec.get("tolerations", []) + TOLERATIONS)
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"], "controller": True,
                 "blockOwnerDeletion": True}
        assert owner_label(self.minor) in labels
        return {"metadata": {"name": f"{meta['name'][:57]}-{self.store.suffix()}", "generateName": meta["name"] + "-",
                             "namespace": meta["namespace"], "uid": self.store.new_uid(), "labels": labels,
                             **({"annotations": template["metadata"]["annotations"]} if template["metadata"].get("annotations") else {}),
                             "ownerReferences": [owner]},
                "spec": spec, "status": {"phase": "Pending", "qosClass": "BestEffort"}}
