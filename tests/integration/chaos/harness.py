"""What the chaos tests drive: the real daemon, a private broker and kubesim, each a process of its own.

The paths of the programs and RabbitMQ's ports come from the environment, as CMakeLists.txt and with_rabbitmq.sh set them.
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
LAST_WORDS = 40  # lines of a daemon's log that are shown when a test fails
LOOK_EVERY = 0.002
INSTANCE, SCALER, QUEUE, GROUP = "chaos", "work", "chaos-work", "default"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
PODS = "/api/v1/namespaces/default/pods"

# An answer that is lost after the write is the worst: the Job is there, and nobody was told.
BAD_WEATHER = (
    {"kind": "lost", "method": "POST", "path": JOBS, "probability": 0.3},
    {"kind": "delay", "method": "POST", "path": JOBS, "probability": 0.2, "seconds": 0.03},
    {"kind": "delay_answer", "method": "POST", "path": JOBS, "probability": 0.2, "seconds": 0.03},
    {"kind": "status", "status": 500, "path": "/(jobs|pods)([/?]|$)", "probability": 0.05},
    {"kind": "cut", "path": "watch=", "probability": 0.02},
    {"kind": "duplicate", "path": "watch=", "probability": 0.05},
    {"kind": "stale", "path": "watch=", "probability": 0.05},
)


def until(what, condition, patience=PATIENCE, every=LOOK_EVERY):
    """Waits for a true value and returns it. `what` was waited for; a callable tells it at the end."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what() if callable(what) else what}")
        time.sleep(every)
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
        self.repaired_by = None
        self.management = f"http://127.0.0.1:{os.environ['MANAGEMENT_PORT']}/api"

    def kill(self):
        self.control("kill9", repaired_by="restart")

    def freeze(self):
        self.control("freeze", repaired_by="thaw")

    def repair(self):
        """Back to how it was; returns when it answers."""
        if self.repaired_by:
            self.control(self.repaired_by, repaired_by=None)

    def control(self, command, repaired_by):
        subprocess.run([os.environ["PRIVATE_RABBITMQ"], command, os.environ["RABBITMQ_DIR"]], check=True)
        self.repaired_by = repaired_by

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
        self.process = subprocess.Popen([sys.executable, os.environ["KUBESIM"], "--kubeconfig", self.kubeconfig, "--ready-file", ready,
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

    def __init__(self, scratch, config, name="daemon", *flags):
        self.log_file = os.path.join(scratch, name + ".log")
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([os.environ["JOBSCALER"], "run", "--config", config, *flags], stdout=log, stderr=log)

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

    def said_at(self, text):
        """When it said so first, in seconds of its day."""
        time_of_day = next(line.split()[0] for line in self.log().splitlines() if text in line)
        hours, minutes, seconds = time_of_day.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)

    def complaints(self):
        """The lines of level WARN and above, without their times."""
        lines = [line.split(maxsplit=1)[1] for line in self.log().splitlines()]
        return [line for line in lines if line.startswith(("WARN", "ERROR"))]

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


class DaemonTest(unittest.TestCase):
    """A test with what it starts ended at its end."""

    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="jobscaler-chaos-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.daemons = []

    def kubesim(self, *flags):
        kubesim = Kubesim(self.scratch, *flags)
        self.addCleanup(kubesim.stop)
        return kubesim

    def write_config(self, text):
        """The file's name."""
        file = os.path.join(self.scratch, "config.yaml")
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
        return file

    def daemon(self, config, name="daemon", *flags):
        daemon = Daemon(self.scratch, config, name, *flags)
        self.addCleanup(self.end, daemon)
        self.daemons = [other for other in self.daemons if other.log_file != daemon.log_file] + [daemon]
        return daemon

    @staticmethod
    def end(daemon):
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()

    def assert_promises_kept(self, kubesim):
        """Bounded, gated, numbers dense and used once, and no worker disturbed: each Job has the one pod it began with."""
        self.assertEqual(kubesim.stats()["violations"], [])
        jobs = kubesim.times()["jobs"]
        self.assertEqual([job["name"] for job in jobs], [f"{SCALER}-{number}" for number in range(1, len(jobs) + 1)])
        self.assertEqual([job["name"] for job in jobs if job["deleted"]], [])
        pods = kubesim.pods()
        self.assertEqual(sorted(pod["metadata"]["ownerReferences"][0]["name"] for pod in pods), sorted(job["name"] for job in jobs))
        self.assertEqual([pod["metadata"]["name"] for pod in pods if "deletionTimestamp" in pod["metadata"]], [])


class ChaosTest(DaemonTest):
    """A test with the private RabbitMQ."""

    def setUp(self):
        super().setUp()
        self.broker = Broker()
        self.addCleanup(self.broker.repair)

    def config(self, kubeconfig, job, most, window=1, messages_per_worker=1):
        return self.write_config(CONFIG.format(
            kubeconfig=kubeconfig, instance=INSTANCE, port=self.broker.port, group=GROUP, window=window, scaler=SCALER,
            queue=QUEUE, max=most, messages_per_worker=messages_per_worker, job=json.dumps(job)))


class Result(unittest.TextTestResult):
    """Tells how long each test took, and with a failure what the daemons had said."""

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.stream.writeln(f"... {time.monotonic() - self.began:.1f} s")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(test)

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(test)

    def tell(self, test):
        for daemon in getattr(test, "daemons", []):
            self.stream.writeln(f"{daemon.log_file}, the end:\n" + "\n".join(daemon.log().splitlines()[-LAST_WORDS:]))


def main():
    unittest.main(testRunner=unittest.TextTestRunner(resultclass=Result, verbosity=2))
