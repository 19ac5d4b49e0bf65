"""What kubesim's own tests share: a simulator without sockets, and one as a process."""
import asyncio
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from sim.cli import Simulator, arguments  # noqa: E402
from sim.web import Request  # noqa: E402

KUBESIM = os.path.join(os.path.dirname(HERE), "kubesim")
JOBS = "/apis/batch/v1/namespaces/default/jobs"
PODS = "/api/v1/namespaces/default/pods"
EVENTS = "/api/v1/namespaces/default/events"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
MERGE = "application/merge-patch+json"
DEADLINE = 20  # seconds, for what takes milliseconds


def job(name, annotations=None, group="local", **spec):
    template = {"metadata": {"annotations": annotations or {}}, "spec": {
        "restartPolicy": "Never", "nodeSelector": {"jobscaler.test/group": group}, "containers": [{"name": "main", "image": "x"}]}}
    return {"metadata": {"name": name}, "spec": {"backoffLimit": 0, **spec, "template": template}}


def process_job(name, *command, grace=30):
    item = job(name)
    item["spec"]["template"]["spec"]["containers"][0]["command"] = list(command)
    item["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = grace
    return item


class InProcess(unittest.IsolatedAsyncioTestCase):
    """A simulator on the test's event loop, asked without HTTP."""

    OPTIONS = []

    async def asyncSetUp(self):
        self.simulator = Simulator(arguments(self.OPTIONS))
        self.store, self.api, self.faults = self.simulator.web.store, self.simulator.web.api, self.simulator.web.faults

    async def asyncTearDown(self):
        self.simulator.launcher.end_all()

    def handle(self, method, target, body=None, kind="application/json", token="kubesim"):
        headers = {"authorization": "Bearer " + token, "content-type": kind} if token else {"content-type": kind}
        data = b"" if body is None else json.dumps(body).encode()
        return self.api.handle(Request(method, target, headers, data, time.monotonic_ns()))

    def ask(self, method, target, body=None, expect=None, **more):
        """The decoded body of an answer; its status must be `expect`, or a success."""
        answer = self.handle(method, target, body, **more)
        if expect:
            self.assertEqual(answer.status, expect, answer.body)
        else:
            self.assertLess(answer.status, 300, answer.body)
        return json.loads(answer.body)

    async def until(self, condition):
        """What the condition returns, as soon as that is something."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            await asyncio.sleep(0.005)
        self.fail("it did not come to that in time")

    def pods(self, name):
        return self.ask("GET", f"{PODS}?labelSelector=job-name%3D{name}")["items"]

    async def condition(self, name, kind):
        """The Job's condition of this type, as soon as it is there."""
        def there():
            conditions = self.ask("GET", f"{JOBS}/{name}")["status"].get("conditions", [])
            return next((c for c in conditions if c["type"] == kind), None)
        return await self.until(there)

    async def pod_in_phase(self, name, phase):
        return await self.until(lambda: next((pod for pod in self.pods(name) if pod["status"]["phase"] == phase), None))

    def watch(self, target):
        """The events of a watch, as a list that grows."""
        events = []
        stream = self.handle("GET", target)
        stream.begin(lambda line, kind, uid: events.append(json.loads(line)))
        self.addCleanup(stream.end)
        return events


class AsProcess(unittest.TestCase):
    """kubesim itself, over HTTP."""

    OPTIONS = []

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.server = self.start(*self.OPTIONS)
        self.address = self.wait_ready()

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, *options, through=()):
        server = subprocess.Popen([*through, sys.executable, KUBESIM, "--ready-file", self.path("ready"), "--kubeconfig",
                                   self.path("kubeconfig"), *options], stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        return server

    def wait_ready(self):
        self.until(lambda: os.path.exists(self.path("ready")))
        with open(self.path("ready"), encoding="utf-8") as file:
            return urllib.parse.urlsplit(file.read().strip()).netloc

    def until(self, condition):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.01)
        self.fail("it did not come to that in time")

    def connect(self):
        connection = http.client.HTTPConnection(self.address, timeout=DEADLINE)
        self.addCleanup(connection.close)
        return connection

    def send(self, connection, method, target, body=None):
        connection.request(method, target, body and json.dumps(body), {"Authorization": "Bearer kubesim"})
        return connection.getresponse()

    def ask(self, method, target, body=None):
        answer = self.send(self.connect(), method, target, body)
        return answer.status, json.loads(answer.read())
