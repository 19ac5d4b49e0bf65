"""What the chaos tests drive: the real daemon, a private RabbitMQ and kubesim, each a process of its own.

The paths of the programs and the broker's ports come from the environment, as CMakeLists.txt and with_rabbitmq.sh set them.
"""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

PATIENCE = 60  # seconds; how long something may take before a test gives up on it
LOOK_EVERY = 0.002
INSTANCE, SCALER, QUEUE, GROUP = "chaos", "work", "chaos-work", "default"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
PODS = "/api/v1/namespaces/default/pods"


def until(what, condition, patience=PATIENCE):
    """Waits for a true value and returns it. `what` was waited for; a callable tells it at the end."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what() if callable(what) else what}")
        time.sleep(LOOK_EVERY)
    return value


def send(method, url, body=None, headers=()):
    """The decoded answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data, headers={"Content-Type": "application/json", **dict(headers)})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class Broker:
    """The private RabbitMQ, spoken to by its management API."""

    def __init__(self):
        self.port = int(os.environ["AMQP_PORT"])
        self.url = os.environ["AMQP_URL"]
        self.management = f"http://127.0.0.1:{os.environ['MANAGEMENT_PORT']}/api"

    def control(self, command):
        """kill9, restart, freeze or thaw."""
        subprocess.run([os.environ["PRIVATE_RABBITMQ"], command, os.environ["RABBITMQ_DIR"]], check=True)

    def request(self, method, path, body=None):
        return send(method, self.management + path, body,
                    {"Authorization": "Basic " + base64.b64encode(b"guest:guest").decode()})

    def fresh_queue(self, messages=0):
        """The queue of the tests, with so many messages."""
        if any(queue["name"] == QUEUE for queue in self.request("GET", "/queues/%2F?disable_stats=true")):
            self.request("DELETE", f"/queues/%2F/{QUEUE}")
        self.publish(messages)

    def publish(self, messages, *more):
        subprocess.run([os.environ["JOBSCALER_DEMO"], "publish", "--url", self.url, "--queue", QUEUE, "--count", str(messages), *more],
                       check=True, stdout=subprocess.DEVNULL)


class Kubesim:
    """A kubesim of its own, with one node group that has room for everything."""

    def __init__(self, scratch, *flags):
        self.kubeconfig = os.path.join(scratch, "kubeconfig")
        ready = os.path.join(scratch, "kubesim-address")
        self.process = subprocess.Popen([os.environ["KUBESIM"], "--kubeconfig", self.kubeconfig, "--ready-file", ready,
                                         "--group", "default:1:1:1000:0", *flags], stdout=subprocess.DEVNULL)
        until("kubesim answers", lambda: os.path.exists(ready))
        with open(ready, encoding="utf-8") as file:
            self.address = file.read().strip()

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait()

    def call(self, method, path, body=None):
        return send(method, self.address + path, body, {"Authorization": "Bearer kubesim"})

    def limits(self, most, window):
        """Creating more than these is a violation from now on."""
        self.call("POST", "/kubesim/limits", {"max": {SCALER: most}, "window": {GROUP: window}})

    def faults(self, *rules):
        self.call("DELETE", "/kubesim/faults")
        self.call("POST", "/kubesim/faults", list(rules))

    def struck(self, kind):
        """How often the faults of a kind have struck."""
        return sum(fault["struck"] for fault in self.call("GET", "/kubesim/faults") if fault["kind"] == kind)

    def stats(self):
        return self.call("GET", "/kubesim/stats")

    def times(self):
        return self.call("GET", "/kubesim/times")

    def posts(self):
        return self.stats()["posts"]["total"]

    def created(self):
        return self.stats()["created"].get(SCALER, 0)

    def jobs(self):
        return self.call("GET", JOBS)["items"]

    def pods(self):
        return self.call("GET", PODS)["items"]


class Daemon:
    """`jobscaler run`. Its log goes to a file that tests read."""

    def __init__(self, scratch, config, name="daemon"):
        self.log_file = os.path.join(scratch, name + ".log")
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([os.environ["JOBSCALER"], "run", "--config", config], stdout=log, stderr=log)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9."""
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended by itself with {self.process.returncode}:\n{self.log()[-3000:]}")
        self.process.kill()
        self.process.wait()

    def log(self):
        with open(self.log_file, encoding="utf-8") as file:
            return file.read()

    def says(self, text):
        return text in self.log()

    def complaints(self, subject):
        """The lines that warn about a subject."""
        return [line for line in self.log().splitlines() if line.split(maxsplit=2)[1:2] in (["WARN"], ["ERROR"])
                and line.split(maxsplit=2)[2].startswith(subject + "  ")]

    def wait_until_says(self, text, times=1):
        until(lambda: f"'{text}' in the log:\n{self.log()[-3000:]}", lambda: self.log().count(text) >= times)


KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{ name: kubesim, cluster: {{ server: "http://127.0.0.1:{port}" }} }}]
users: [{{ name: kubesim, user: {{ token: kubesim }} }}]
contexts: [{{ name: kubesim, context: {{ cluster: kubesim, user: kubesim }} }}]
current-context: kubesim
"""

CONFIG = """
pollInterval: 200ms
kubernetes: {{ kubeconfig: "{kubeconfig}", namespace: default, instance: {instance}, timeout: 2s }}
connections:
  rabbit:
    rabbitmq: {{ host: 127.0.0.1, port: {port} }}
nodeGroups:
  - name: {group}
    window: {window}
scalers:
  - name: {scaler}
    rabbitmq: {{ connection: rabbit, queue: {queue} }}
    scaleUp: {{ messagesAbove: 0 }}
    workers: {{ max: {max}, messagesPerWorker: {messages_per_worker}, nodeGroups: [{group}] }}
    job: {job}
"""


def timer_job(ready_after, seconds="forever"):
    """A worker that is not a process: ready and over when its annotations say."""
    return {"template": {"metadata": {"annotations": {"fake/ready-after": str(ready_after), "fake/seconds": str(seconds)}},
                         "spec": {"containers": [{"name": "worker", "image": "none"}]}}}


def process_job(broker, idle, report=None):
    """The reference worker, as a process."""
    command = [os.environ["JOBSCALER_DEMO"], "work", "--url", broker.url, "--queue", QUEUE, "--idle", idle]
    command += ["--report", report] if report else []
    return {"template": {"metadata": {"annotations": {"fake/ready-after": "0.05"}},
                         "spec": {"containers": [{"name": "worker", "image": "none", "command": command}]}}}


def processed(report):
    """The ids of the messages that were worked on, from the workers' reports; one per time."""
    found = []
    for name in os.listdir(report):
        with open(os.path.join(report, name), encoding="utf-8") as file:
            found += [line.split()[0] for line in file]
    return found


class ChaosTest(unittest.TestCase):
    """A test with a broker, and with what it starts ended at its end."""

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="jobscaler-chaos-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.broker = Broker()

    def kubesim(self, *flags):
        kubesim = Kubesim(self.scratch, *flags)
        self.addCleanup(kubesim.stop)
        return kubesim

    def config(self, kubeconfig, job, most, window=1, messages_per_worker=1):
        file = os.path.join(self.scratch, "config.yaml")
        with open(file, "w", encoding="utf-8") as out:
            out.write(CONFIG.format(kubeconfig=kubeconfig, instance=INSTANCE, port=self.broker.port, group=GROUP, window=window,
                                    scaler=SCALER, queue=QUEUE, max=most, messages_per_worker=messages_per_worker,
                                    job=json.dumps(job)))
        return file

    def daemon(self, config, name="daemon"):
        daemon = Daemon(self.scratch, config, name)
        self.addCleanup(self.end, daemon)
        return daemon

    @staticmethod
    def end(daemon):
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()

    def assert_dense(self, kubesim):
        """Every number from 1 on was used exactly once."""
        names = [job["name"] for job in kubesim.times()["jobs"]]
        self.assertEqual(names, [f"{SCALER}-{number}" for number in range(1, len(names) + 1)])

    def assert_undisturbed(self, kubesim):
        """Nothing was deleted, and every Job has the one pod it began with."""
        self.assertEqual([job["name"] for job in kubesim.times()["jobs"] if job["deleted"]], [])
        owners = [pod["metadata"]["ownerReferences"][0]["name"] for pod in kubesim.pods()]
        self.assertEqual(sorted(owners), sorted(job["metadata"]["name"] for job in kubesim.jobs()))
        self.assertEqual([pod["metadata"]["name"] for pod in kubesim.pods() if "deletionTimestamp" in pod["metadata"]], [])


def main():
    unittest.main(module=sys.modules["__main__"], verbosity=2)
