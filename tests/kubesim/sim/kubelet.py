"""The kubelets: pods that live by timers, as their annotations say, or as local processes.

Annotations (of a Job's pod template), as fake_nodes of the test cluster knows them: fake/ready-after, fake/seconds, fake/exit,
fake/reason, fake/waiting, fake/message; README.md says what they do.
"""
from .quota import ended
from .resources import PODS
from .store import clone, stamp

CRASH_BACKOFF, MOST_CRASH_BACKOFF = 10, 300  # seconds


class Kubelets:
    def __init__(self, store, recorder, loop, nodes, ready_after, launcher):
        self.store, self.recorder, self.loop, self.nodes = store, recorder, loop, nodes
        self.ready_after = ready_after  # seconds, of pods that live by timers
        self.launcher = launcher  # processes.Launcher
        self.played = {}  # uid -> Played
        store.listeners.append(self.see)

    def see(self, resource, change):
        if resource is not PODS or not change.new["spec"].get("nodeName"):
            return
        pod, uid = change.new, change.new["metadata"]["uid"]
        mine = self.played.get(uid)
        if change.kind == "DELETED":
            if mine:
                self.played.pop(uid).forget()
        elif mine is None:
            group = self.nodes.nodes.get(pod["spec"]["nodeName"])
            mine = self.played[uid] = self.launcher.player(group)(self, pod)
            self.loop.call_soon(mine.remove if "deletionTimestamp" in pod["metadata"] else mine.begin)
        else:
            mine.see(pod)


class Played:
    """A pod on a node: what its kubelet does about it."""

    def __init__(self, kubelets, pod):
        self.kubelets, self.loop, self.pod = kubelets, kubelets.loop, pod
        self.timers = []
        self.restarts, self.last = 0, {}
        self.begun = self.started = None  # pod's startTime; its containers' start (text, loop's time)
        self.removing = self.waiting = False

    def see(self, pod):
        self.pod = pod
        if "deletionTimestamp" in pod["metadata"] and not self.removing:
            self.removing = True
            self.loop.call_soon(self.remove)
        elif self.waiting and not self.note("waiting"):
            self.waiting = False
            self.loop.call_soon(self.begin)

    def forget(self):
        """The pod is gone from the store."""
        self.removing = True
        for timer in self.timers:
            timer.cancel()

    def note(self, name, default=None):
        return (self.pod["metadata"].get("annotations") or {}).get("fake/" + name, default)

    def after(self, seconds, call, *arguments):
        self.timers = [timer for timer in self.timers if not timer.cancelled() and timer.when() > self.loop.time()]
        self.timers.append(self.loop.call_later(seconds, call, *arguments))

    def begin(self):
        if self.removing or ended(self.pod):
            return
        self.begun = self.begun or stamp()
        reason = self.note("waiting")
        if reason:
            self.wait(reason)
        else:
            self.start()

    def wait(self, reason):
        self.waiting = True
        image = self.pod["spec"]["containers"][0]["image"]
        text = self.note("message", {
            "ImagePullBackOff": f'Back-off pulling image "{image}"',
            "ErrImagePull": f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": not found',
            "ContainerCreating": None}.get(reason, f"{reason}, as the annotation fake/waiting says"))
        self.write("Pending", {"waiting": {"reason": reason, **({"message": text} if text else {})}})
        if text:
            self.kubelets.recorder.on_pod(self.pod, "Warning", "BackOff" if reason.endswith("BackOff") else "Failed", text, "kubelet")

    # A life by timers

    def start(self):
        self.started = stamp()
        ready = self.seconds("ready-after", self.kubelets.ready_after)
        end = self.seconds("seconds", None)
        self.write("Running", self.running(), ready=ready == 0)
        if ready and (end is None or ready < end):
            self.after(ready, self.become_ready)
        if end is not None:
            self.after(end, self.end, int(self.note("exit", 0)), self.note("reason"), self.note("message"))

    def seconds(self, name, default):
        value = self.note(name, default)
        return None if value in ("never", "forever", None) else float(value)

    def become_ready(self):
        if not self.removing:
            self.write("Running", self.running(), ready=True)

    def end(self, code, reason=None, message=None):
        """The containers have ended: for good, or until they are started again."""
        state = {"terminated": {
            "exitCode": code, "reason": reason or ("Error" if code else "Completed"), **({"message": message} if message else {}),
            "startedAt": self.started, "finishedAt": stamp(), "containerID": f"kubesim://{self.pod['metadata']['uid']}"}}
        policy = self.pod["spec"].get("restartPolicy", "Always")
        if not self.removing and (policy == "Always" or policy == "OnFailure" and code):
            self.last = state
            self.restarts += 1
            delay = min(CRASH_BACKOFF * 2 ** (self.restarts - 1), MOST_CRASH_BACKOFF)
            text = f"back-off {delay}s restarting failed container"
            self.write("Running", {"waiting": {"reason": "CrashLoopBackOff", "message": text}})
            self.after(delay, self.begin)
        else:
            self.write("Failed" if code else "Succeeded", state)

    def remove(self):
        """The pod is to go: there is nothing to wait for."""
        self.removing = True
        self.drop()

    def drop(self):
        meta = self.pod["metadata"]
        pod = self.kubelets.store.get(PODS, meta["namespace"], meta["name"])
        if pod and pod["metadata"]["uid"] == meta["uid"]:
            self.kubelets.store.remove(PODS, pod)

    # The status, in the shape a kubelet gives it

    def running(self):
        return {"running": {"startedAt": self.started}}

    def write(self, phase, state, ready=False):
        meta = self.pod["metadata"]
        pod = self.kubelets.store.get(PODS, meta["namespace"], meta["name"])
        if not pod or pod["metadata"]["uid"] != meta["uid"]:
            return
        new = clone(pod)
        old = new["status"]
        new["status"] = {"phase": phase, "conditions": self.conditions(old, phase, ready), "hostIP": "127.0.0.1",
                         **({} if "waiting" in state else {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}),
                         "startTime": self.begun, "containerStatuses": [self.container(c, state, ready) for c in pod["spec"]["containers"]],
                         "qosClass": old["qosClass"]}
        self.kubelets.store.update(PODS, new)

    def conditions(self, old, phase, ready):
        names = [container["name"] for container in self.pod["spec"]["containers"]]
        why = {}
        if phase == "Succeeded":
            why = {"reason": "PodCompleted"}
        elif not ready:
            why = {"reason": "ContainersNotReady", "message": f"containers with unready status: [{' '.join(names)}]"}
        before = {condition["type"]: condition for condition in old.get("conditions", [])}
        found = []
        for kind, holds, words in (("Initialized", True, why if phase == "Succeeded" else {}), ("Ready", ready, why),
                                   ("ContainersReady", ready, why), ("PodScheduled", True, {})):
            same = before.get(kind, {}).get("status") == str(holds)
            found.append({"type": kind, "status": str(holds), "lastProbeTime": None,
                          "lastTransitionTime": before[kind]["lastTransitionTime"] if same else stamp(), **words})
        return found

    def container(self, container, state, ready):
        pulled = "waiting" not in state or self.restarts > 0
        uid = self.pod["metadata"]["uid"]
        return {"name": container["name"], "state": state, "lastState": self.last, "ready": ready, "restartCount": self.restarts,
                "image": container["image"], "imageID": "kubesim://" + container["image"] if pulled else "",
                **({"containerID": f"kubesim://{uid}/{container['name']}/{self.restarts}"} if pulled else {}),
                "started": "running" in state}
