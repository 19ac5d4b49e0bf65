"""Node groups, the scheduler and the cluster-autoscaler. A node has room for so many pods; nothing else is counted."""
import re

from .quota import ended
from .resources import NODES, PODS
from .store import clone, stamp

GROUP_LABEL = "jobscaler.test/group"
SCAN = 0.5  # seconds between the autoscaler's looks
REPEAT = 30  # seconds before it says the same about a pod again


class Group:
    """NAME:MIN:MAX:PODS_PER_NODE:DELAY_SECONDS"""

    def __init__(self, text):
        match = re.fullmatch(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?):(\d+):(\d+):(\d+):(\d+(\.\d+)?)", text)
        if not match or int(match[3]) > int(match[4]):
            raise ValueError("not NAME:MIN:MAX:PODS_PER_NODE:DELAY_SECONDS: " + text)
        self.name, self.min, self.max, self.pods, self.delay = match[1], int(match[3]), int(match[4]), int(match[5]), float(match[6])
        self.labels = {GROUP_LABEL: self.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        self.coming = []  # when the nodes under way will be there
        self.number = 0  # of the last node

    def takes(self, pod):
        return all(self.labels.get(key) == value for key, value in (pod["spec"].get("nodeSelector") or {}).items())


class Nodes:
    """The nodes there are, and the pods on them; the scheduler."""

    def __init__(self, store, recorder, loop, groups, minor):
        self.store, self.recorder, self.loop, self.minor = store, recorder, loop, minor
        self.groups = groups
        self.nodes = {}  # name -> Group
        self.pods = {}  # node's name -> uids of the pods that take room on it
        self.waiting = {}  # uid -> key of a pod without a node, in order of arrival
        self.due = False
        store.listeners.append(self.see)
        for group in groups:
            for _ in range(group.min):
                self.add(group)

    def add(self, group):
        group.number += 1
        name, now = f"fake-{group.name}-{group.number}", stamp()
        self.nodes[name], self.pods[name] = group, set()
        capacity = {"cpu": "64", "memory": "256Gi", "pods": str(group.pods)}
        self.store.create(NODES, {
            "metadata": {"name": name, "labels": {**group.labels, "kubernetes.io/hostname": name}}, "spec": {},
            "status": {"capacity": capacity, "allocatable": capacity, "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status",
                 "lastHeartbeatTime": now, "lastTransitionTime": now}]}})
        self.soon()

    def remove(self, name):
        del self.nodes[name], self.pods[name]
        self.store.remove(NODES, self.store.get(NODES, "", name))

    def see(self, resource, change):
        if resource is not PODS:
            return
        pod, uid = change.new, change.new["metadata"]["uid"]
        node = pod["spec"].get("nodeName")
        gone = change.kind == "DELETED" or ended(pod)
        if gone or node:
            self.waiting.pop(uid, None)
        elif uid not in self.waiting:
            self.waiting[uid] = (pod["metadata"]["namespace"], pod["metadata"]["name"])
            self.soon()
        if node in self.pods:
            if not gone:
                self.pods[node].add(uid)
            elif uid in self.pods[node]:
                self.pods[node].remove(uid)
                self.soon()

    def soon(self):
        if not self.due:
            self.due = True
            self.loop.call_soon(self.schedule)

    def schedule(self):
        self.due = False
        for key in list(self.waiting.values()):
            pod = self.store.get(PODS, *key)
            node = next((name for name, group in self.nodes.items() if group.takes(pod) and len(self.pods[name]) < group.pods), None)
            if node:
                self.bind(pod, node)
            else:
                self.refuse(pod)

    def bind(self, pod, node):
        new = clone(pod)
        new["spec"]["nodeName"] = node
        new["status"]["conditions"] = [{"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": stamp()}]
        self.store.update(PODS, new)
        meta = pod["metadata"]
        self.recorder.on_pod(pod, "Normal", "Scheduled", f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}",
                             "default-scheduler")

    def refuse(self, pod):
        message, before = self.why(pod), (pod["status"].get("conditions") or [{}])[0]
        if before.get("message") != message:
            new = clone(pod)
            new["status"]["conditions"] = [{
                "type": "PodScheduled", "status": "False", "lastProbeTime": None, "reason": "Unschedulable", "message": message,
                "lastTransitionTime": before.get("lastTransitionTime") or stamp()}]
            self.store.update(PODS, new)
        self.recorder.on_pod(pod, "Warning", "FailedScheduling", message, "default-scheduler")

    def why(self, pod):
        if not self.nodes:
            return "no nodes available to schedule pods"
        full = sum(group.takes(pod) for group in self.nodes.values())
        others = len(self.nodes) - full
        selector = "node(s) didn't match Pod's node affinity" + ("/selector" if self.minor >= 22 else "")
        reasons = ([f"{full} Too many pods"] if full else []) + ([f"{others} {selector}"] if others else [])
        return f"0/{len(self.nodes)} nodes are available: {', '.join(sorted(reasons))}."


class Autoscaler:
    """Adds nodes for pods that cannot be scheduled, and removes idle ones, with a real one's events."""

    def __init__(self, store, recorder, loop, nodes, idle):
        self.store, self.recorder, self.loop, self.nodes, self.idle = store, recorder, loop, nodes, idle
        self.idle_since = {}  # node's name -> when
        self.told = {}  # (pod's uid, message) -> when
        loop.call_later(SCAN, self.scan)

    def scan(self):
        now = self.loop.time()
        for group in self.nodes.groups:
            while group.coming and group.coming[0] <= now:
                group.coming.pop(0)
                self.nodes.add(group)
        self.scale_up(now)
        self.scale_down(now)
        soonest = min((group.coming[0] - now for group in self.nodes.groups if group.coming), default=SCAN)
        self.loop.call_later(max(0.001, min(SCAN, soonest)), self.scan)

    def scale_up(self, now):
        room = {group: sum(group.pods - len(self.nodes.pods[name]) for name, of in self.nodes.nodes.items() if of is group)
                + group.pods * len(group.coming) for group in self.nodes.groups}
        ordered = {}  # group -> [nodes, pods that are the reason]
        for key in list(self.nodes.waiting.values()):
            pod = self.store.get(PODS, *key)
            fitting = [group for group in self.nodes.groups if group.takes(pod)]
            group = next((group for group in fitting if room[group] > 0), None)
            if group is None:
                group = next((group for group in fitting if self.size(group) + ordered.get(group, [0])[0] < group.max), None)
                if group is None:
                    self.say_no(pod, fitting, now)
                    continue
                ordered.setdefault(group, [0, []])[0] += 1
                room[group] += group.pods
            room[group] -= 1
            if group in ordered:
                ordered[group][1].append(pod)
        for group, (number, pods) in ordered.items():
            text = f"[{{{group.name} {self.size(group)}->{self.size(group) + number} (max: {group.max})}}]"
            group.coming += [now + group.delay] * number
            for pod in pods:
                self.tell(pod, "TriggeredScaleUp", "pod triggered scale-up: " + text, now)

    def size(self, group):
        return sum(of is group for of in self.nodes.nodes.values()) + len(group.coming)

    def say_no(self, pod, fitting, now):
        others = len(self.nodes.groups) - len(fitting)
        reasons = ([f"{len(fitting)} max node group size reached"] if fitting else []) + (
            [f"{others} node(s) didn't match node selector"] if others else [])
        self.tell(pod, "NotTriggerScaleUp", "pod didn't trigger scale-up: " + ", ".join(reasons), now)

    def tell(self, pod, reason, message, now):
        key = (pod["metadata"]["uid"], message)
        if now - self.told.get(key, -REPEAT) >= REPEAT:
            self.told[key] = now
            self.recorder.on_pod(pod, "Normal", reason, message, "cluster-autoscaler")

    def scale_down(self, now):
        for name, group in list(self.nodes.nodes.items()):
            if self.nodes.pods[name]:
                self.idle_since.pop(name, None)
            elif now - self.idle_since.setdefault(name, now) > self.idle and self.size(group) > group.min:
                del self.idle_since[name]
                self.nodes.remove(name)
