"""The API server of a kubeconfig, asked directly, and what happened in a namespace in the API server's own order."""
import base64
import bisect
import http.client
import json
import os
import ssl
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

REAL = {"jobscaler.test/group": "real"}  # the label of a node that is this machine


def skip(words):
    print("skipped: needs", words)
    sys.exit(77)


def yaml():
    try:
        import yaml as module
    except ImportError:
        skip("python3-yaml")
    return module


def is_true(thing, condition):
    return any(c["type"] == condition and c["status"] == "True" for c in thing.get("status", {}).get("conditions", []))


class Api:
    """The API server of a kubeconfig, with its token or client certificate."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            config = yaml().safe_load(file)

        def entry(kind, name):
            return next(e for e in config[kind + "s"] if e["name"] == name)[kind]

        context = entry("context", config["current-context"])
        self.cluster, user = entry("cluster", context["cluster"]), entry("user", context["user"])
        self.server = self.cluster["server"]
        self.address = urllib.parse.urlsplit(self.server)
        self.headers = {}
        if "token" in user:
            self.headers["Authorization"] = "Bearer " + user["token"]
        self.tls = ssl.create_default_context(cafile=self.cluster.get("certificate-authority"))
        if "certificate-authority-data" in self.cluster:
            self.tls.load_verify_locations(cadata=base64.b64decode(self.cluster["certificate-authority-data"]).decode())
        if "client-certificate" in user:
            self.tls.load_cert_chain(user["client-certificate"], user["client-key"])

    def open(self, method, path, body=None, kind="application/json"):
        """The answer, to be read and closed; urllib.error.HTTPError for an error status."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, method=method, data=data, headers={**self.headers, "Content-Type": kind})
        return urllib.request.urlopen(request, timeout=60, context=self.tls if self.address.scheme == "https" else None)

    def call(self, method, path, body=None, kind="application/json"):
        with self.open(method, path, body, kind) as answer:
            return json.loads(answer.read())

    def items(self, path):
        return self.call("GET", path)["items"]

    def text(self, path):
        with self.open("GET", path) as answer:
            return answer.read().decode(errors="replace")

    def find_node(self):
        """The node that is this machine, or None."""
        nodes = self.items("/api/v1/nodes?labelSelector=" + urllib.parse.quote("jobscaler.test/group=real"))
        return nodes[0]["metadata"]["name"] if nodes else None


class History:
    """What happened to the Jobs and Pods of a namespace, watched from the beginning.

    One sequence number runs through all that the API server writes, so what came before what is known exactly: no
    clock is asked, and nothing is missed between two looks.
    """

    def __init__(self, api, namespace):
        self.api, self.namespace = api, namespace
        self.events = []  # (version, kind, is gone, object), in order
        self.lock = threading.Lock()
        self.ended = threading.Event()
        for kind, path in (("pods", "/api/v1"), ("jobs", "/apis/batch/v1")):
            threading.Thread(target=self.follow, args=(kind, f"{path}/namespaces/{namespace}/{kind}"), daemon=True).start()

    def end(self):
        self.ended.set()

    def note(self, kind, gone, thing, version=None):
        version = int(version or thing["metadata"]["resourceVersion"])
        with self.lock:
            bisect.insort(self.events, (version, kind, gone, thing), key=lambda event: event[0])

    def follow(self, kind, path):
        version, known = None, {}
        while not self.ended.is_set():
            try:
                if version is None:
                    version = self.list(kind, path, known)
                version = self.watch(kind, f"{path}?watch=1&timeoutSeconds=60&resourceVersion={version}", version, known)
            except urllib.error.HTTPError as error:
                version = None if error.code == 410 else version
                self.ended.wait(0.1)
            except (OSError, http.client.HTTPException, ValueError):  # the server is not there, or goes
                self.ended.wait(0.1)

    def list(self, kind, path, known):
        answer = self.api.call("GET", path)
        version = answer["metadata"]["resourceVersion"]
        found = {item["metadata"]["name"]: item for item in answer["items"]}
        for name in set(known) - set(found):
            self.note(kind, True, known.pop(name), version)
        for item in found.values():
            self.note(kind, False, item)
        known.update(found)
        return version

    def watch(self, kind, path, version, known):
        """Where to go on, or None: list again."""
        with self.api.open("GET", path) as stream:
            for line in stream:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return None
                thing, gone = event["object"], event["type"] == "DELETED"
                self.note(kind, gone, thing)
                if gone:
                    known.pop(thing["metadata"]["name"], None)
                else:
                    known[thing["metadata"]["name"]] = thing
                version = thing["metadata"]["resourceVersion"]
        return version

    def so_far(self):
        with self.lock:
            return list(self.events)

    def states(self, scaler):
        """After each event the unfinished workers of a scaler, and those of them that have never been ready."""
        unfinished, was_ready = set(), set()
        for _, kind, gone, thing in self.so_far():
            labels = thing["metadata"].get("labels", {})
            name = labels.get("job-name") if kind == "pods" else thing["metadata"]["name"]
            if labels.get("jobscaler.io/scaler") != scaler:
                continue
            if kind == "pods":
                if is_true(thing, "Ready") or thing["status"].get("phase") in ("Succeeded", "Failed"):
                    was_ready.add(name)
            elif gone or is_true(thing, "Complete") or is_true(thing, "Failed"):
                unfinished.discard(name)
            else:
                unfinished.add(name)
            yield set(unfinished), unfinished - was_ready

    def peak(self, scaler):
        return max((len(unfinished) for unfinished, _ in self.states(scaler)), default=0)

    def peak_unready(self, scaler):
        return max((len(unready) for _, unready in self.states(scaler)), default=0)

    def workers(self, scaler):
        """The last that was seen of each Job of a scaler, by its number."""
        jobs = {}
        for _, kind, _, thing in self.so_far():
            labels = thing["metadata"].get("labels", {})
            if kind == "jobs" and labels.get("jobscaler.io/scaler") == scaler:
                jobs[int(labels["jobscaler.io/number"])] = thing
        return jobs

    def unfinished(self, scaler):
        unfinished = set()
        for unfinished, _ in self.states(scaler):
            pass
        return unfinished

    def ready(self, scaler):
        """How many unfinished workers have been ready."""
        states = list(self.states(scaler))
        return len(states[-1][0] - states[-1][1]) if states else 0


def kubeconfig_name():
    """The file, or the test is skipped."""
    if not os.environ.get("KUBECONFIG"):
        skip("KUBECONFIG, of a cluster that has this machine as a node")
    return os.environ["KUBECONFIG"]
