#!/usr/bin/env python3
"""The main job on a real cluster: 200 messages in a real RabbitMQ, real pods that work on them, one by one as they become ready.

Needs KUBECONFIG, and a node with the label jobscaler.test/group=real that is this machine: the pods run the machine's own
jobscaler-demo, through a hostPath volume and chroot, on the host's network. Exit status 77 with words where there is none.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from api import REAL, Api, History, is_true, kubeconfig_name, skip

MESSAGES, MOST, WINDOW, EACH = 200, 5, 1, 20
QUEUE, SCALER = "main-job", "main"
PATIENCE = 240  # seconds until everything must be over

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


def processed(report):
    found = []
    for name in os.listdir(report):
        with open(os.path.join(report, name), encoding="utf-8") as file:
            found += [line.split()[0] for line in file]
    return found


def check(condition, words):
    if not condition:
        raise AssertionError(words)


def run(history, namespace, scratch):
    report = os.path.join(scratch, "report")
    os.mkdir(report)
    config, log_file = os.path.join(scratch, "config.yaml"), os.path.join(scratch, "log")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(namespace=namespace, port=os.environ["AMQP_PORT"], window=WINDOW, node=json.dumps(REAL),
                                 scaler=SCALER, queue=QUEUE, most=MOST, each=EACH, job=json.dumps(job(report))))
    subprocess.run([os.environ["JOBSCALER_DEMO"], "publish", "--queue", QUEUE, "--count", str(MESSAGES), "--work", "200ms"], check=True)
    began = time.monotonic()
    with open(log_file, "wb") as log:
        daemon = subprocess.Popen([os.environ["JOBSCALER"], "run", "--config", config], stdout=log, stderr=log)
    try:
        while len(set(processed(report))) < MESSAGES or history.unfinished(SCALER):
            check(daemon.poll() is None, "the daemon ended by itself")
            check(time.monotonic() < began + PATIENCE, f"not drained within {PATIENCE} s")
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
    jobs, peak, unready = history.workers(SCALER), history.peak(SCALER), history.peak_unready(SCALER)
    done = processed(report)
    print(f"{len(set(done))} of {MESSAGES} messages processed in {took:.1f} s, {len(done) - len(set(done))} more than once; "
          f"{len(jobs)} workers, at most {peak} at once, {unready} unready")
    check(sorted(jobs) == list(range(1, len(jobs) + 1)), f"names are not dense: {sorted(jobs)}")
    check(1 < peak <= MOST, f"at most {MOST} workers, and more than one: {peak}")
    check(unready <= WINDOW, f"at most {WINDOW} unready: {unready}")
    check(all(is_true(job, "Complete") for job in jobs.values()), "a worker failed")


def main():
    api = Api(kubeconfig_name())
    if not api.find_node():
        skip("a node with the label jobscaler.test/group=real that is this machine")
    namespace = f"jobscaler-e2e-{os.getpid()}"
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    scratch = tempfile.mkdtemp(prefix="jobscaler-e2e-")
    history = History(api, namespace)
    try:
        run(history, namespace, scratch)
    finally:
        history.end()
        shutil.rmtree(scratch, ignore_errors=True)
        api.call("DELETE", f"/api/v1/namespaces/{namespace}")


if __name__ == "__main__":
    main()
