#!/usr/bin/env python3
"""The main job on a real cluster: 200 messages in a real RabbitMQ, real pods that work on them, one by one as they become ready.

Needs KUBECONFIG, and a node with the label jobscaler.test/group=real that is this machine: the pods run the machine's own
jobscaler-demo, through a hostPath volume and chroot, on the host's network. Exit status 77 with words where there is none.
"""
import base64
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

MESSAGES, MOST, WINDOW, EACH = 200, 5, 1, 20
QUEUE, SCALER = "main-job", "main"
PATIENCE = 240  # seconds until everything must be over
NODE = {"jobscaler.test/group": "real"}


def skip(words):
    print("skipped: needs", words)
    sys.exit(77)


def yaml():
    try:
        import yaml as module
    except ImportError:
        skip("python3-yaml")
    return module


class Api:
    """The API server of a kubeconfig, with its token or client certificate."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            config = yaml().safe_load(file)

        def entry(kind, name):
            return next(e for e in config[kind + "s"] if e["name"] == name)[kind]

        context = entry("context", config["current-context"])
        cluster, user = entry("cluster", context["cluster"]), entry("user", context["user"])
        self.server = cluster["server"]
        self.headers = {"Content-Type": "application/json"}
        if "token" in user:
            self.headers["Authorization"] = "Bearer " + user["token"]
        self.tls = ssl.create_default_context(cafile=cluster.get("certificate-authority"))
        if "certificate-authority-data" in cluster:
            self.tls.load_verify_locations(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        if "client-certificate" in user:
            self.tls.load_cert_chain(user["client-certificate"], user["client-key"])

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, method=method, data=data, headers=self.headers)
        with urllib.request.urlopen(request, timeout=30, context=self.tls if self.server.startswith("https") else None) as answer:
            return json.loads(answer.read())


CONFIG = """
pollInterval: 500ms
kubernetes: {{ namespace: {namespace}, instance: e2e }}
connections:
  rabbit:
    rabbitmq: {{ host: 127.0.0.1, port: {port} }}
nodeGroups:
  - name: real
    window: {window}
    nodeSelector: {node}
scalers:
  - name: {scaler}
    rabbitmq: {{ connection: rabbit, queue: {queue} }}
    scaleUp: {{ messagesAbove: 0 }}
    workers: {{ max: {most}, messagesPerWorker: {each} }}
    job: {job}
"""


def job(report):
    """A real pod whose container runs this machine's worker: no image to build, nothing to push."""
    command = ["chroot", "/host", os.environ["JOBSCALER_DEMO"], "work", "--url", os.environ["AMQP_URL"], "--queue", QUEUE,
               "--idle", "2s", "--report", report]
    return {"template": {"spec": {
        "hostNetwork": True,
        "containers": [{"name": "worker", "image": "busybox", "imagePullPolicy": "IfNotPresent", "command": command,
                        "volumeMounts": [{"name": "host", "mountPath": "/host"}]}],
        "volumes": [{"name": "host", "hostPath": {"path": "/"}}]}}}


def is_true(thing, condition):
    return any(c["type"] == condition and c["status"] == "True" for c in thing.get("status", {}).get("conditions", []))


class Watched:
    """What was seen of the workers, from outside."""

    def __init__(self, api, namespace):
        self.api, self.namespace = api, namespace
        self.peak = self.peak_unready = 0
        self.was_ready = set()
        self.jobs = []

    def look(self):
        pods = self.api.call("GET", f"/api/v1/namespaces/{self.namespace}/pods")["items"]
        self.jobs = self.api.call("GET", f"/apis/batch/v1/namespaces/{self.namespace}/jobs")["items"]
        for pod in pods:
            if is_true(pod, "Ready") or pod["status"].get("phase") in ("Succeeded", "Failed"):
                self.was_ready.add(pod["metadata"]["labels"]["job-name"])
        self.peak = max(self.peak, len(self.unfinished()))
        # Pods first, Jobs after: a Job that came in between would be counted as unready too early, never too late, but
        # its predecessor may have become ready in between as well; only what stands in two looks counts.
        unready = {job["metadata"]["name"] for job in self.unfinished()} - self.was_ready
        self.peak_unready = max(self.peak_unready, len(unready & getattr(self, "unready_before", set())))
        self.unready_before = unready

    def unfinished(self):
        return [job for job in self.jobs if not is_true(job, "Complete") and not is_true(job, "Failed")]


def processed(report):
    found = []
    for name in os.listdir(report):
        with open(os.path.join(report, name), encoding="utf-8") as file:
            found += [line.split()[0] for line in file]
    return found


def check(condition, words):
    if not condition:
        raise AssertionError(words)


def run(api, namespace, scratch):
    report = os.path.join(scratch, "report")
    os.mkdir(report)
    config, log_file = os.path.join(scratch, "config.yaml"), os.path.join(scratch, "log")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(namespace=namespace, port=os.environ["AMQP_PORT"], window=WINDOW, node=json.dumps(NODE),
                                 scaler=SCALER, queue=QUEUE, most=MOST, each=EACH, job=json.dumps(job(report))))
    subprocess.run([os.environ["JOBSCALER_DEMO"], "publish", "--queue", QUEUE, "--count", str(MESSAGES), "--work", "200ms"], check=True)
    began = time.monotonic()
    with open(log_file, "wb") as log:
        daemon = subprocess.Popen([os.environ["JOBSCALER"], "run", "--config", config], stdout=log, stderr=log)
    try:
        seen = Watched(api, namespace)
        while len(set(processed(report))) < MESSAGES or seen.unfinished() or not seen.jobs:
            check(daemon.poll() is None, "the daemon ended by itself")
            check(time.monotonic() < began + PATIENCE, f"not drained within {PATIENCE} s")
            seen.look()
            time.sleep(0.05)
        took = time.monotonic() - began
        daemon.send_signal(signal.SIGTERM)
        check(daemon.wait(timeout=30) == 0, "the daemon does not stop cleanly")
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()
        with open(log_file, encoding="utf-8") as log:
            print(log.read())
    names = sorted((job["metadata"]["name"] for job in seen.jobs), key=lambda name: int(name.rsplit("-", 1)[1]))
    done = processed(report)
    print(f"{len(set(done))} of {MESSAGES} messages processed in {took:.1f} s, {len(done) - len(set(done))} more than once; "
          f"{len(names)} workers, at most {seen.peak} at once, {seen.peak_unready} unready")
    check(names == [f"{SCALER}-{n}" for n in range(1, len(names) + 1)], f"names are not dense: {names}")
    check(1 < seen.peak <= MOST, f"at most {MOST} workers, and more than one: {seen.peak}")
    check(seen.peak_unready <= WINDOW, f"at most {WINDOW} unready: {seen.peak_unready}")
    check(all(is_true(job, "Complete") for job in seen.jobs), "a worker failed")


def main():
    if not os.environ.get("KUBECONFIG"):
        skip("KUBECONFIG, of a cluster that has this machine as a node")
    api = Api(os.environ["KUBECONFIG"])
    if not api.call("GET", "/api/v1/nodes?labelSelector=jobscaler.test%2Fgroup%3Dreal")["items"]:
        skip("a node with the label jobscaler.test/group=real that is this machine")
    namespace = f"jobscaler-e2e-{os.getpid()}"
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    scratch = tempfile.mkdtemp(prefix="jobscaler-e2e-")
    try:
        run(api, namespace, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        api.call("DELETE", f"/api/v1/namespaces/{namespace}")


if __name__ == "__main__":
    main()
