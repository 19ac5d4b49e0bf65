"""jobscaler in a cluster, installed by its script, and the tests' base class that installs it in a namespace of its own."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error

import harness
from api import REAL, Api, History, kubeconfig_name, skip, yaml
from harness import until

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DAEMON = "app.kubernetes.io/name=jobscaler,app.kubernetes.io/component=daemon"
NAME = "jobscaler"  # of the installation
GROUP = "default"
PATIENCE = 180  # seconds; pods start, kubelets look around, other tests want the machine, too


def until_soon(what, condition):
    return until(what, condition, PATIENCE, every=0.1)


def image(variable):
    if not os.environ.get(variable):
        skip(f"{variable}, the name of an image that is on the cluster's nodes (tests/e2e/README.md)")
    return os.environ[variable]


def helm_directory():
    """Where helm is, for PATH; or the test is skipped."""
    found = subprocess.run([os.path.join(REPOSITORY, "scripts/lib/helm.sh")], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode != 0:
        skip("helm; scripts/test.sh --with-helm gets it where there is go")
    return os.path.dirname(found.stdout.strip())


def requirements():
    """Ends the program with status 77 and words where a test cannot be run."""
    api = Api(kubeconfig_name())
    image("JOBSCALER_IMAGE")
    if not shutil.which("kubectl"):
        skip("kubectl")
    if api.address.hostname not in ("127.0.0.1", "localhost") or not api.find_node():
        skip("an API server on this machine, and a node with the label jobscaler.test/group=real that is this machine")
    helm_directory()


def run(command, **more):
    """What a program printed; an AssertionError with its words if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def scaler(name, job, most, messages_per_worker=1, **workers):
    """A scaler's entry in the configuration. Its queue has its name."""
    return {"name": name, "rabbitmq": {"connection": "rabbit", "queue": name}, "scaleUp": {"messagesAbove": 0},
            "workers": {"max": most, "messagesPerWorker": messages_per_worker, **workers}, "job": job}


def job(queue, report, **container):
    """The reference worker in its own pod."""
    command = ["jobscaler-demo", "work", "--url", os.environ["AMQP_URL"], "--queue", queue, "--idle", "2s", "--report", "/report"]
    return {"template": {"spec": {
        "hostNetwork": True, "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "worker", "image": image("JOBSCALER_IMAGE"), "imagePullPolicy": "IfNotPresent", "command": command,
                        "volumeMounts": [{"name": "report", "mountPath": "/report"}], **container}],
        "volumes": [{"name": "report", "hostPath": {"path": report}}]}}}


def configuration(scalers):
    return {"pollInterval": "500ms",
            "kubernetes": {"instance": NAME},
            "connections": {"rabbit": {"rabbitmq": {"host": "127.0.0.1", "port": int(os.environ["AMQP_PORT"])}}},
            "nodeGroups": [{"name": GROUP, "nodeSelector": REAL}],
            "scalers": scalers}


def publish(queue, count, work):
    run([os.environ["JOBSCALER_DEMO"], "publish", "--queue", queue, "--count", str(count), "--work", work])


def process_of(pod):
    """The process id of the daemon in a pod, on the node that is this machine."""
    uid = pod["metadata"]["uid"]
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cgroup", encoding="utf-8") as cgroup, open(f"/proc/{name}/cmdline", "rb") as command:
                if uid in cgroup.read() and command.read().startswith(b"jobscaler\0"):
                    return int(name)
        except OSError:  # it ended meanwhile
            continue
    raise AssertionError(f"no process of pod {pod['metadata']['name']} on this machine")


class Installation:
    """jobscaler in a namespace."""

    def __init__(self, api, namespace, scratch):
        self.api, self.namespace, self.scratch = api, namespace, scratch
        self.log_file = f"the daemon's log in {namespace}"
        self.logs = {}  # of each container there was
        self.path = helm_directory() + ":" + os.environ["PATH"]

    def values(self, **more):
        """For the chart: those for such a cluster, and more."""
        with open(os.path.join(REPOSITORY, "tests/e2e/values.yaml"), encoding="utf-8") as file:
            values = yaml().safe_load(file)
        port = next(variable for variable in values["extraEnv"] if variable["name"] == "KUBERNETES_SERVICE_PORT")
        port["value"] = str(self.api.address.port)
        return {**values, **more}

    def write(self, name, data):
        file = os.path.join(self.scratch, name)
        with open(file, "w", encoding="utf-8") as out:
            yaml().safe_dump(data, out, sort_keys=False)
        return file

    def script(self, name, *arguments):
        return run([os.path.join(REPOSITORY, "scripts", name), "--namespace", self.namespace, *arguments], env={**os.environ, "PATH": self.path})

    def install(self, config, **values):
        return self.script("install.sh", "--image", image("JOBSCALER_IMAGE"), "--values", self.write("values.yaml", self.values(**values)),
                           "--config", self.write("config.yaml", config))

    def remove(self):
        """All of it, with its namespace."""
        self.log()
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait=false")

    def kubectl(self, *arguments):
        return run(["kubectl", "--namespace", self.namespace, *arguments])

    def patch(self, kind, name, change):
        self.kubectl("patch", kind, name, "--patch", json.dumps(change))

    def call(self, method, kind, *more, body=None):
        """kind: of the core group."""
        return self.api.call(method, "/".join([f"/api/v1/namespaces/{self.namespace}", kind, *more]), body)

    def daemons(self):
        """The daemon's pods that run, the oldest first."""
        pods = self.api.items(f"/api/v1/namespaces/{self.namespace}/pods?labelSelector={DAEMON}")
        alive = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") == "Running"]
        return sorted(alive, key=lambda pod: pod["metadata"]["creationTimestamp"])

    def remember_log(self, pod):
        for status in pod["status"].get("containerStatuses", []):
            path = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}/log?container={status['name']}"
            restarts = status["restartCount"]
            try:
                if restarts:
                    self.logs[pod["metadata"]["name"], restarts - 1] = self.api.text(path + "&previous=true")
                self.logs[pod["metadata"]["name"], restarts] = self.api.text(path)
            except urllib.error.HTTPError:
                continue  # its container is being started, or the pod went

    def log_of(self, pod):
        """All that was seen of it, through restarts."""
        self.remember_log(pod)
        return "".join(text for (name, _), text in self.logs.items() if name == pod["metadata"]["name"])

    def log(self):
        """Of all daemons there were when this was called, one after the other."""
        for pod in self.daemons():
            self.remember_log(pod)
        return "".join(self.logs.values())

    def lines(self, *words):
        return [line for line in self.log().splitlines() if all(word in line for word in words)]

    def wait_until_says(self, *words, times=1):
        """A line with all of the words; the last of them."""
        return until_soon(lambda: f"{words} in the log:\n{self.log()[-3000:]}", lambda: (found := self.lines(*words)) and len(found) >= times and found)[-1]

    def edit(self, config):
        """As kubectl edit does it. When the daemon sees it is the kubelet's affair."""
        text = yaml().safe_dump(config, sort_keys=False)
        self.patch("configmap", NAME, {"data": {"jobscaler.yaml": text}})

    def hurry(self):
        """The kubelet brings a pod's files up to date when the pod changes, else once a minute or so."""
        self.kubectl("annotate", "pods", "--selector", DAEMON, "--overwrite", f"jobscaler.test/edited={os.urandom(4).hex()}")


class NamespaceTest(unittest.TestCase):
    """Tests in a namespace of their own, whose history they see."""

    NAMESPACE = ""  # its name without what makes it unique

    @classmethod
    def setUpClass(cls):
        cls.api = Api(kubeconfig_name())
        cls.namespace = f"jobscaler-{cls.NAMESPACE}-{os.getpid()}"
        cls.scratch = tempfile.mkdtemp(prefix="jobscaler-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        cls.installation = Installation(cls.api, cls.namespace, cls.scratch)
        cls.addClassCleanup(cls.installation.remove)
        cls.history = History(cls.api, cls.namespace)
        cls.addClassCleanup(cls.history.end)

    def setUp(self):
        self.daemons = [self.installation]  # what a failure tells of


class InstalledTest(NamespaceTest):
    """Tests with jobscaler installed as `scalers` says."""

    VALUES = {}

    @classmethod
    def scalers(cls):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = os.path.join(cls.scratch, "report")
        os.mkdir(cls.report)
        os.chmod(cls.report, 0o777)  # the workers are nobody
        cls.broker = harness.Broker()
        cls.config = configuration(cls.scalers())
        for entry in cls.config["scalers"]:
            publish(entry["name"], 0, "0s")
        cls.prepare()
        cls.installation.install(cls.config, **cls.VALUES)

    @classmethod
    def prepare(cls):
        """What must be there before the installation."""

    def scaler(self, name):
        return next(entry for entry in self.config["scalers"] if entry["name"] == name)

    def edit(self):
        self.installation.edit(self.config)

    def processed(self):
        return len(set(harness.processed(self.report)))

    def until_processed(self, count):
        until_soon(lambda: f"{count} messages processed, but {self.processed()}", lambda: self.processed() >= count)

    def until_over(self, name):
        until_soon(f"the workers of {name} are done", lambda: not self.history.unfinished(name))

    def until_ready(self, name, count):
        until_soon(f"{count} workers of {name} are ready", lambda: self.history.ready(name) >= count)

    def assert_promises_kept(self, name, most, window=1):
        """Bounded, gated, names dense, and no worker was disturbed."""
        workers = self.history.workers(name)
        self.assertEqual(sorted(workers), list(range(1, len(workers) + 1)))
        self.assertLessEqual(self.history.peak(name), most)
        self.assertLessEqual(self.history.peak_unready(name), window)
        self.assertEqual([worker["status"].get("failed") for worker in workers.values() if not worker["status"].get("succeeded")], [])


def main(with_rabbitmq=True):
    """Runs the program's tests, beside a RabbitMQ of their own unless they bring one."""
    requirements()
    if with_rabbitmq and "AMQP_PORT" not in os.environ:
        wrapper = os.path.join(REPOSITORY, "scripts/lib/with_rabbitmq.sh")
        os.execv(wrapper, [wrapper, sys.executable, "-B", *sys.argv])
    harness.main()
