#!/usr/bin/env python3
"""The scripts that install, upgrade, fill, follow and remove jobscaler, as a user calls them."""
import os
import re
import signal
import socket
import subprocess

import installation
from installation import NAME, image, run, until_soon

MESSAGES, MOST = 200, 5
WORKERS = "app.kubernetes.io/managed-by=jobscaler,jobscaler.io/instance=jobscaler"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class ScriptsTest(installation.NamespaceTest):
    NAMESPACE = "install"

    def everything(self):
        """What is in the namespace, of all kinds, and what could be outside it."""
        kinds = run(["kubectl", "api-resources", "--namespaced", "--verbs=list", "--output", "name"]).split()
        kinds = ",".join(kind for kind in kinds if not kind.startswith("events"))
        inside = self.installation.kubectl("get", kinds, "--output", "name")
        outside = run(["kubectl", "get", "clusterroles,clusterrolebindings,priorityclasses,persistentvolumes,storageclasses", "--output", "name"])
        return sorted(set(inside.split())), sorted(set(outside.split()))

    def follow(self, what, text):
        """logs.sh prints it, and ends when it is told to."""
        process = subprocess.Popen([os.path.join(installation.REPOSITORY, "scripts/logs.sh"), "--namespace", self.namespace, what],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        with process:
            seen = next((line for line in process.stdout if text in line), None)
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
        self.assertIsNotNone(seen, f"logs.sh {what} does not print {text}")

    def demo_values(self):
        broker = {"image": image("RABBITMQ_IMAGE"), "port": free_port(), "managementPort": free_port()}
        return {"demo": {"rabbitmq": broker}}

    def install(self, **values):
        file = self.installation.write("values.yaml", self.installation.values(**values))
        return self.installation.script("install.sh", "--demo", "--image", image("JOBSCALER_IMAGE"), "--values", file)

    def processed(self):
        """By what the workers said in the end."""
        logs = [self.api.text(f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}/log")
                for pod in self.api.items(f"/api/v1/namespaces/{self.namespace}/pods?labelSelector={WORKERS}")]
        return sum(int(count) for log in logs for count in re.findall(r"messages processed: (\d+)", log))

    def test_install_twice_drain_200_messages_and_uninstall_to_nothing(self):
        run(["kubectl", "create", "namespace", self.namespace])
        until_soon("the namespace has its ServiceAccount", lambda: self.installation.kubectl("get", "serviceaccounts", "--output", "name"))
        until_soon("... and its token", lambda: self.installation.kubectl("get", "secrets", "--output", "name"))
        before = self.everything()
        values = self.demo_values()
        self.assertIn(f"jobscaler is ready: deployment/{NAME} in namespace {self.namespace}", self.install(**values))

        self.assertIn(f"published {MESSAGES} messages", self.installation.script("publish_messages.sh"))
        self.follow("workers", "waiting for messages in queue 'demo'")
        until_soon("the ramp has begun", lambda: self.history.ready("demo") > 1)
        self.assertIn("jobscaler is ready", self.install(logLevel="debug", **values))  # another daemon takes over
        self.follow("scaler", "connected to https://127.0.0.1")
        until_soon("back to zero", lambda: not self.history.unfinished("demo"))
        self.assertEqual(self.processed(), MESSAGES)
        numbers = sorted(self.history.workers("demo"))  # those before the upgrade may have been enough
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertLessEqual(self.history.peak("demo"), MOST)
        self.assertEqual(self.history.peak_unready("demo"), 1)
        self.installation.wait_until_says(" demo ", "below_threshold: 0 waiting")

        self.assertIn(f"removed {NAME} from namespace {self.namespace}, and its workers", self.installation.script("uninstall.sh", "--workers"))
        self.assertEqual(self.everything(), before)


class WithoutHelmTest(installation.NamespaceTest):
    NAMESPACE = "kubectl"

    def test_what_kubectl_alone_installs_works_and_goes_with_its_namespace(self):
        self.installation.path = os.environ["PATH"]
        install = ["install.sh", "--image", image("JOBSCALER_IMAGE")]
        self.assertIn("jobscaler is ready", self.installation.script(*install))
        # What values would say where there is helm.
        pod = {"hostNetwork": True, "containers": [{"name": NAME, "env": self.installation.values()["extraEnv"]}]}
        self.installation.patch("deployment", NAME, {"spec": {"template": {"spec": pod}}})
        self.installation.wait_until_says("kubernetes", "connected to https://127.0.0.1")
        self.assertEqual(self.installation.lines("permission "), [])
        self.assertIn("jobscaler is ready", self.installation.script(*install))
        self.assertIn(f"removed the namespace {self.namespace}", self.installation.script("uninstall.sh"))
        until_soon("the namespace is gone", lambda: not run(["kubectl", "get", "namespace", self.namespace, "--ignore-not-found"]))


if __name__ == "__main__":
    image("RABBITMQ_IMAGE")  # or it is skipped
    installation.main(with_rabbitmq=False)
