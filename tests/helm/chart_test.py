#!/usr/bin/python3
"""chart_test.py REPOSITORY JOBSCALER [--update] - the chart, by helm itself: lint, what it renders to (--update writes that as
the golden file), what it refuses, and that the daemon takes the configurations it brings. Exit status 77: there is no helm.
"""
import difflib
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import yaml
except ImportError:
    print("skipped: needs python3-yaml")
    sys.exit(77)

UPDATE = "--update" in sys.argv
REPOSITORY, JOBSCALER = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
del sys.argv[1:]
CHART = REPOSITORY / "helm/jobscaler"
HERE = REPOSITORY / "tests/helm"

found = subprocess.run([REPOSITORY / "scripts/lib/helm.sh"], capture_output=True, text=True)
if found.returncode:
    print(found.stderr.strip())
    sys.exit(found.returncode)
HELM = found.stdout.strip()


def helm(*arguments):
    return subprocess.run([HELM, *map(str, arguments)], capture_output=True, text=True)


def template(*arguments, name="jobscaler"):
    return helm("template", name, CHART, "--namespace", "queues", *arguments)


def objects(*arguments, **more):
    rendered = template(*arguments, **more)
    if rendered.returncode:
        raise AssertionError(rendered.stderr)
    return [thing for thing in yaml.safe_load_all(rendered.stdout) if thing]


def only(kind, things):
    found = [thing for thing in things if thing["kind"] == kind]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} objects of kind {kind}")
    return found[0]


def config_in(things):
    return only("ConfigMap", things)["data"]["jobscaler.yaml"]


def pods(things):
    return [thing["spec"]["template"] for thing in things if thing["kind"] == "Deployment"]


def check(text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        return subprocess.run([JOBSCALER, "check", "--config", file.name], capture_output=True, text=True)


EVERYTHING = ("--values", HERE / "everything.yaml")
DEMO = ("--set", "demo.enabled=true")


class ChartTest(unittest.TestCase):
    maxDiff = None

    def same(self, there, now, mend):
        difference = "\n".join(difflib.unified_diff(there.splitlines(), now.splitlines(), "there", "now", lineterm="", n=1))
        self.assertFalse(difference, f"{mend} makes it so, if it is meant:\n{difference}")

    def test_helm_finds_nothing_to_complain_about(self):
        for values in ((), DEMO, EVERYTHING):
            linted = helm("lint", "--strict", CHART, *values)
            self.assertEqual(linted.returncode, 0, linted.stdout + linted.stderr)

    def test_with_everything_on_it_renders_as_expected(self):
        rendered = template(*EVERYTHING)
        self.assertEqual(rendered.returncode, 0, rendered.stderr)
        now = "".join(line.rstrip() + "\n" for line in rendered.stdout.splitlines())
        golden = HERE / "everything.golden"
        if UPDATE:
            golden.write_text(now)
        self.same(golden.read_text(), now, "tests/helm/chart_test.py --update")

    def test_the_manifests_for_kubectl_are_what_it_renders_to(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([REPOSITORY / "scripts/render_manifests.sh", directory], check=True)
            names = sorted(path.name for path in pathlib.Path(directory).iterdir())
            self.assertEqual(names, sorted(path.name for path in (REPOSITORY / "helm/manifests").iterdir()))
            for name in names:
                self.same((REPOSITORY / "helm/manifests" / name).read_text(), (pathlib.Path(directory) / name).read_text(),
                          "scripts/render_manifests.sh")

    def test_the_rights_are_the_documented_ones_and_no_others(self):
        for values in ((), EVERYTHING):
            things = objects(*values)
            self.assertEqual(only("Role", things)["rules"], [
                {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "list", "watch", "delete"]},
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
                {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]}])
            self.assertFalse([thing["kind"] for thing in things if thing["kind"].startswith("ClusterRole")])

    def test_no_pod_of_it_looks_like_a_worker(self):
        for pod in pods(objects(*EVERYTHING)):
            self.assertLessEqual(set(pod["metadata"]["labels"]), {
                "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"})

    def test_every_pod_of_it_is_locked_down(self):
        things = objects(*EVERYTHING)
        worker = yaml.safe_load(config_in(things))["scalers"][0]["job"]["template"]
        for pod in [*pods(things), worker]:
            self.assertTrue(pod["spec"]["securityContext"]["runAsNonRoot"])
            self.assertEqual(pod["spec"]["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            for container in pod["spec"]["containers"]:
                security = container["securityContext"]
                self.assertIs(security["allowPrivilegeEscalation"], False)
                self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
                self.assertTrue(security.get("readOnlyRootFilesystem") or container["name"] == "rabbitmq")
                self.assertIn("resources", container)

    def test_an_edit_of_the_configuration_arrives_and_restarts_nothing(self):
        before, after = (objects("--set-json", f'config={{"pollInterval":"{poll}"}}') for poll in ("1s", "2s"))
        self.assertNotEqual(config_in(before), config_in(after))
        self.assertEqual(pods(before), pods(after))
        mounts = pods(before)[0]["spec"]["containers"][0]["volumeMounts"]
        self.assertFalse([mount for mount in mounts if "subPath" in mount])

    def test_the_daemon_takes_the_configurations_it_brings(self):
        for values in ((), DEMO, EVERYTHING):
            checked = check(config_in(objects(*values, name="two")))
            self.assertEqual((checked.returncode, checked.stderr), (0, ""), checked.stderr)

    def test_the_workers_of_two_releases_are_told_apart(self):
        for values in ((), DEMO):
            self.assertEqual(yaml.safe_load(config_in(objects(*values, name="two")))["kubernetes"]["instance"], "two")

    def test_a_given_configuration_is_passed_through(self):
        text = "# kept\nkubernetes: {instance: two}\npollInterval: 1s   # and this\n"
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            things = objects("--set-file", f"config={file.name}", name="two")
        self.assertEqual(config_in(things), text)
        self.assertNotIn("annotations", only("ConfigMap", things)["metadata"])
        given = objects("--set-json", 'config={"kubernetes":{"instance":"two"},"pollInterval":"1s"}', name="two")
        self.assertEqual(yaml.safe_load(config_in(given)), {"kubernetes": {"instance": "two"}, "pollInterval": "1s"})

    def refuse(self, text, *arguments, **more):
        rendered = template(*arguments, **more)
        self.assertNotEqual(rendered.returncode, 0, arguments)
        self.assertIn(text, rendered.stderr)

    def test_a_configuration_of_another_instance_is_refused(self):
        self.refuse("config: kubernetes.instance is jobscaler, but must be the release's name, two", "--set-json", 'config={"kubernetes":null}',
                    name="two")
        self.refuse("config: kubernetes.instance is one, but must be the release's name, jobscaler",
                    "--set-json", 'config={"kubernetes":{"instance":"one"}}')
        self.refuse("config: error converting YAML to JSON", "--set-string", "config=a: [")

    def test_misspelled_and_wrong_values_are_refused(self):
        for text, value in (
                ("Additional property replica is not allowed", "replica=1"),
                ("demo: Additional property enable is not allowed", "demo.enable=true"),
                ("demo.rabbitmq: Additional property user is not allowed", "demo.rabbitmq.user=x"),
                ("overprovisioning: Additional property replica is not allowed", "overprovisioning.replica=2"),
                ("resources: Additional property limit is not allowed", "resources.limit.cpu=1"),
                ("overprovisioning.priority: Must be less than or equal to -1", "overprovisioning.priority=0"),
                ("logLevel: logLevel must be one of the following", "logLevel=warning"),
                ("replicas: Invalid type. Expected: integer, given: string", "replicas=two"),
                ("demo.rabbitmq.password: Does not match pattern", "demo.rabbitmq.password=a@b"),
                ("secret and existingSecret exclude each other", "secret.rabbitmq=x,existingSecret=y")):
            self.refuse(text, "--set", value)


if __name__ == "__main__":
    unittest.main()
