#!/usr/bin/python3
"""cluster_scripts_test.py SCRIPTS - install.sh, uninstall.sh, publish_messages.sh and logs.sh beside programs that only
write down how they were called. Needs no cluster.
"""
import hashlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import yaml
except ImportError:
    print("skipped: needs python3-yaml")
    sys.exit(77)

SCRIPTS = pathlib.Path(sys.argv.pop(1)).resolve()
STUB = pathlib.Path(__file__).resolve().parent / "stub"
TOOLS = ["bash", "sed", "grep", "cat", "cut", "dirname", "basename", "mktemp", "rm", "sha256sum", "tail", "head", "tr", "wc", "sleep"]

KIND = ["config current-context", "kind-dev\n", 0]
NAMESPACE_IS_THERE = ["get namespace/jobscaler --ignore-not-found", "namespace/jobscaler\n", 0]
DAEMON_IS_THERE = ["get deployment/jobscaler --ignore", "deployment.apps/jobscaler\n", 0]
DEMO_IS_THERE = ["get deployment/jobscaler-rabbitmq --ignore", "deployment.apps/jobscaler-rabbitmq\n", 0]
HELM_RELEASE_IS_THERE = ["get secrets -l owner=helm,name=jobscaler", "secret/sh.helm.release.v1.jobscaler.v1\n", 0]
DEPLOYMENTS = ["get deployments -l", "deployment.apps/jobscaler\n", 0]
PLAIN_OBJECTS = ["Deployment", "Role", "RoleBinding", "ServiceAccount", "ConfigMap"]


class ScriptTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        (self.directory / "bin").mkdir()
        (self.directory / "tmp").mkdir()
        for tool in TOOLS:
            (self.directory / "bin" / tool).symlink_to(shutil.which(tool))
        self.rules = []
        self.have("kubectl")

    def have(self, *programs):
        for program in programs:
            (self.directory / "bin" / program).symlink_to(STUB)

    def start(self, script, *arguments):
        # Answers that a test gives go before those that all need.
        rules = self.rules + [DEPLOYMENTS]
        (self.directory / "rules").write_text(json.dumps(rules))
        return subprocess.Popen(
            [SCRIPTS / script, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PATH": str(self.directory / "bin"), "STUB_DIRECTORY": str(self.directory), "TMPDIR": str(self.directory / "tmp")})

    def run_script(self, script, *arguments):
        process = self.start(script, *arguments)
        self.out, self.err = process.communicate(timeout=120)
        self.assertEqual(list((self.directory / "tmp").iterdir()), [], "temporary files are left")
        return process.returncode

    def succeed(self, script, *arguments):
        status = self.run_script(script, *arguments)
        self.assertEqual(status, 0, self.err)

    def refuse(self, status, text, script, *arguments):
        self.assertEqual(self.run_script(script, *arguments), status, self.err)
        self.assertIn(text, self.err)

    def calls(self, word=""):
        file = self.directory / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if word in line]

    def changes(self):
        words = (" apply ", " delete ", " create ", " annotate ", " build ", "upgrade", "uninstall", "load")
        return [line for line in self.calls() if any(word in line for word in words)]

    def file(self, name, text):
        (self.directory / name).write_text(text)
        return self.directory / name

    def applied(self):
        return [o for o in yaml.safe_load_all((self.directory / "applied").read_text()) if o]

    def applied_config(self):
        return next(o for o in self.applied() if o["kind"] == "ConfigMap")

    def in_cluster(self, text, marked_with=""):
        self.rules += [["get configmap/jobscaler --ignore-not-found", "configmap/jobscaler\n", 0],
                       ["get configmap/jobscaler .*jobscaler.yaml", text, 0],
                       ["get configmap/jobscaler .*default-config", marked_with, 0]]


class Usage(ScriptTest):
    def test_help_is_printed_by_each(self):
        for script in ("install.sh", "uninstall.sh", "publish_messages.sh", "logs.sh"):
            self.succeed(script, "--help")
            self.assertTrue(self.out.startswith(script), self.out)
            self.assertNotIn("shellcheck", self.out)
        self.assertEqual(self.calls(), [])

    def test_bad_arguments_are_named(self):
        for text, script, *arguments in (
                ("install.sh: unknown argument --dmeo; see --help", "install.sh", "--dmeo"),
                ("install.sh: --image needs a value", "install.sh", "--image"),
                ("install.sh: --namespace needs a value", "install.sh", "--namespace"),
                ("install.sh: --name My: only a-z, 0-9 and - in between", "install.sh", "--name", "My"),
                (f"--name {'a' * 41}: at most 40 characters", "install.sh", "--name", "a" * 41),
                ("install.sh: --image a b: not the name of an image", "install.sh", "--image", "a b"),
                ("install.sh: --timeout 1m: must be a number of seconds", "install.sh", "--timeout", "1m"),
                ("install.sh: --config /no/file: cannot be read", "install.sh", "--config", "/no/file"),
                ("install.sh: --values /no/file: cannot be read", "install.sh", "--values", "/no/file"),
                ("uninstall.sh: unknown argument --all", "uninstall.sh", "--all"),
                ("publish_messages.sh: many: must be a number of messages", "publish_messages.sh", "many"),
                ("logs.sh: scaler or workers?", "logs.sh"),
                ("logs.sh: broker: must be scaler or workers", "logs.sh", "broker")):
            self.refuse(2, text, script, *arguments)
        self.assertEqual(self.calls(), [])

    def test_kubectl_is_needed(self):
        (self.directory / "bin/kubectl").unlink()
        for script, *arguments in (("install.sh",), ("uninstall.sh",), ("publish_messages.sh",), ("logs.sh", "scaler")):
            self.refuse(1, f"{script}: needs kubectl", script, *arguments)

    def test_a_cluster_is_needed(self):
        self.rules = [["kubectl version", "The connection to the server was refused\n", 1]]
        self.refuse(1, "install.sh: kubectl does not reach a cluster: The connection to the server was refused", "install.sh")


class Image(ScriptTest):
    def test_an_image_that_is_given_is_not_built(self):
        self.have("docker", "kind")
        self.rules = [KIND]
        self.succeed("install.sh", "--image", "there/it:is")
        self.assertEqual(self.calls("docker") + self.calls("kind "), [])

    def test_it_is_built_and_loaded_by_what_is_there(self):
        image = "localhost/jobscaler:0123456789ab"
        saved = {"docker": "docker save -o ", "podman": "podman save ", "buildah": "buildah push "}
        clusters = {"kind": (["config current-context", "kind-dev\n", 0], "kind load image-archive ", " --name dev"),
                    "k3d": (["config current-context", "k3d-dev\n", 0], "k3d image import ", " --cluster dev"),
                    "minikube": (["get nodes", "dev", 0], "minikube --profile dev image load ", "")}
        for builder, save in saved.items():
            for cluster, (rule, load, end) in clusters.items():
                with self.subTest(builder=builder, cluster=cluster):
                    self.setUp()
                    self.have(builder, cluster)
                    self.rules = [rule]
                    self.succeed("install.sh")
                    self.assertEqual(len(self.calls(f"{builder} build --iidfile ")), 1)
                    self.assertEqual(self.calls(f"{builder} tag"), [f"{builder} tag 0123456789abcdef0123456789abcdef {image}"])
                    self.assertIn(image, self.calls(save)[0])
                    self.assertTrue(self.calls(load)[0].endswith(end))
                    deployment = next(o for o in self.applied() if o["kind"] == "Deployment")
                    self.assertEqual(deployment["spec"]["template"]["spec"]["containers"][0]["image"], image)

    def test_a_docker_without_its_daemon_is_passed_over(self):
        self.have("docker", "buildah", "kind")
        self.rules = [KIND, ["docker info", "no daemon\n", 1]]
        self.succeed("install.sh")
        self.assertEqual(len(self.calls("buildah build")), 1)

    def test_for_other_clusters_it_says_how_to_build_and_push(self):
        self.have("podman")
        self.refuse(1, "it needs an image that it can pull", "install.sh", "--demo")
        for line in (f'podman build -t REGISTRY/jobscaler:0.1.0 "{SCRIPTS.parent}"', "podman push REGISTRY/jobscaler:0.1.0",
                     "scripts/install.sh --image REGISTRY/jobscaler:0.1.0"):
            self.assertIn(line, self.err)
        self.assertEqual(self.changes(), [])

    def test_without_a_builder_or_a_loader_it_says_which(self):
        self.rules = [KIND]
        self.refuse(1, "needs docker, podman or buildah to build the image, or --image", "install.sh")
        self.have("docker")
        self.refuse(1, "the cluster is one of kind, and to load the image it needs that program", "install.sh")

    def test_a_build_that_fails_is_shown(self):
        self.have("docker", "kind")
        self.rules = [KIND, ["docker build", "no space left\n", 1]]
        self.refuse(1, "no space left", "install.sh")
        self.assertIn("install.sh: failed while building the image with docker", self.err)
        self.assertEqual(self.calls("apply"), [])


class WithKubectl(ScriptTest):
    def test_the_rendered_manifests_are_applied_with_the_names_put_in(self):
        self.succeed("install.sh", "--image", "an/image:1", "--name", "two", "--namespace", "queues")
        self.assertEqual(sorted(o["kind"] for o in self.applied()), sorted(PLAIN_OBJECTS))
        for thing in self.applied():
            self.assertEqual((thing["metadata"]["name"], thing["metadata"]["namespace"]), ("two", "queues"))
            self.assertEqual(thing["metadata"]["labels"], {"app.kubernetes.io/name": "jobscaler", "app.kubernetes.io/instance": "two"})
        self.assertNotRegex((self.directory / "applied").read_text(), "the-(name|namespace|release|image)")
        self.assertEqual(len(self.calls("rollout status deployment.apps/jobscaler --timeout 180s")), 1)
        self.assertIn("jobscaler is ready: deployment/two in namespace queues", self.out)
        self.assertIn("scripts/logs.sh --name two --namespace queues scaler", self.out)

    def test_the_default_configuration_is_marked_with_its_own_checksum(self):
        for demo in ([], ["--demo"]):
            self.succeed("install.sh", "--image", "i", "--name", "two", *demo)
            config = self.applied_config()
            self.assertEqual(config["metadata"]["annotations"]["jobscaler.io/default-config"],
                             hashlib.sha256(config["data"]["jobscaler.yaml"].encode()).hexdigest())

    def test_a_given_configuration_arrives_as_it_is_and_unmarked(self):
        text = "  # indented, with the-image and the-release\n\nkubernetes: {instance: jobscaler}\n\ttab: 'x'\n"
        self.succeed("install.sh", "--image", "i", "--config", self.file("mine.yaml", text))
        self.assertEqual(self.applied_config()["data"], {"jobscaler.yaml": text})
        self.assertNotIn("annotations", self.applied_config()["metadata"])

    def test_a_configuration_of_another_instance_is_refused(self):
        for text, said in (("kubernetes: {namespace: x, instance: one}\n", "one"), ("kubernetes:\n  #instance: two\n  timeout: 1s\n", "jobscaler"),
                           ("a: {}\nkubernetes:\n  instance: other # x\n", "other")):
            self.refuse(1, f"config: kubernetes.instance is {said}, but must be the release's name, two",
                        "install.sh", "--image", "i", "--name", "two", "--config", self.file("mine.yaml", text))
        self.assertEqual(self.changes(), [])
        self.succeed("install.sh", "--image", "i", "--name", "two", "--config", self.file("mine.yaml", "kubernetes:\n  instance: two\n"))

    def test_an_edited_configuration_is_kept(self):
        self.in_cluster("edited: true\n", marked_with="0" * 64)
        self.succeed("install.sh", "--image", "i")
        self.assertEqual(self.applied_config()["data"]["jobscaler.yaml"], "edited: true\n")
        self.assertIn("keeping the configuration in configmap/jobscaler, which was edited; --config FILE replaces it", self.err)
        self.succeed("install.sh", "--image", "i", "--config", self.file("mine.yaml", "mine: true\n"))
        self.assertEqual(self.applied_config()["data"]["jobscaler.yaml"], "mine: true\n")

    def test_a_configuration_that_nobody_edited_follows_the_chart(self):
        text = "old: default\n"
        self.in_cluster(text, marked_with=hashlib.sha256(text.encode()).hexdigest())
        self.succeed("install.sh", "--image", "i")
        self.assertIn("scalers:", self.applied_config()["data"]["jobscaler.yaml"])

    def test_a_namespace_is_created_only_if_it_is_missing_and_marked(self):
        self.succeed("install.sh", "--image", "i")
        self.assertEqual([c for c in self.changes() if "namespace jobscaler" in c and "--namespace" not in c],
                         ["kubectl create namespace jobscaler", "kubectl annotate namespace jobscaler jobscaler.io/created-for=jobscaler"])
        (self.directory / "calls").unlink()
        self.rules = [NAMESPACE_IS_THERE]
        self.succeed("install.sh", "--image", "i")
        self.assertEqual(self.calls("create") + self.calls("annotate"), [])

    def test_the_demo_has_a_broker_and_its_queue_and_goes_again(self):
        self.rules = [DAEMON_IS_THERE, DEMO_IS_THERE, ["ports", "15672", 0]]
        self.succeed("install.sh", "--image", "i", "--demo")
        self.assertIn("jobscaler-rabbitmq", [o["metadata"]["name"] for o in self.applied()])
        self.assertEqual(self.calls(" delete "), [])
        self.assertEqual(len(self.calls("exec deployment/jobscaler -- jobscaler-demo publish --queue demo --count 0")), 1)
        self.assertIn("port-forward deployment/jobscaler-rabbitmq 15672", self.out)
        self.rules = []
        self.succeed("install.sh", "--image", "i")
        self.assertEqual(len(self.calls("delete deployment,service,secret -l app.kubernetes.io/name=jobscaler,"
                                        "app.kubernetes.io/instance=jobscaler,app.kubernetes.io/component=demo")), 1)

    def test_a_dry_run_shows_what_would_be_applied_and_changes_nothing(self):
        self.have("docker", "kind")
        self.rules = [KIND]
        for demo in ([], ["--demo"]):
            self.succeed("install.sh", "--dry-run", *demo)
            shown = [o for o in yaml.safe_load_all(self.out) if o]
            self.succeed("install.sh", "--dry-run", "--image", "localhost/jobscaler:built-when-installed", *demo)
            self.assertEqual(shown, [o for o in yaml.safe_load_all(self.out) if o])
            self.assertLessEqual(set(PLAIN_OBJECTS), {o["kind"] for o in shown})
        self.assertEqual(self.changes(), [])

    def test_values_need_helm(self):
        values = self.file("values.yaml", "replicas: 2\n")
        self.refuse(1, "--values needs helm; without it there are --image, --config and --demo",
                    "install.sh", "--image", "i", "--values", values)
        self.have("helm")
        self.rules = [DAEMON_IS_THERE]
        self.refuse(1, "--values needs helm, but jobscaler was installed without it: run scripts/uninstall.sh first",
                    "install.sh", "--image", "i", "--values", values)
        self.assertEqual(self.changes(), [])

    def test_what_helm_installed_is_not_touched_without_it(self):
        self.rules = [HELM_RELEASE_IS_THERE, NAMESPACE_IS_THERE]
        self.refuse(1, "jobscaler was installed with helm, which is not here", "install.sh", "--image", "i")
        self.refuse(1, "jobscaler was installed with helm, which is not here", "uninstall.sh")
        self.assertEqual(self.changes(), [])

    def test_what_cannot_be_asked_for_is_not_taken_for_absent(self):
        for pattern, step in (("get secrets", "looking at what is there"), ("get deployment/", "looking at what is there"),
                              ("get configmap/", "looking at the configuration that is there"), ("get namespace/", None)):
            self.rules = [[pattern, "the server is overloaded\n", 1]]
            self.refuse(1, "the server is overloaded", "install.sh", "--image", "i")
            if step:
                self.assertIn(f"install.sh: failed while {step}\n", self.err)
        self.assertEqual(self.changes(), [])

    def test_a_failure_names_the_step_and_how_to_see_more(self):
        for pattern, step, more in (
                ("create namespace", "creating the namespace jobscaler", None),
                ("apply", "applying jobscaler with kubectl", "kubectl --namespace jobscaler get all --selector"),
                ("rollout", "waiting until deployment.apps/jobscaler is ready", "kubectl --namespace jobscaler describe deployment.apps/jobscaler"),
                ("exec", "creating the queue demo", None)):
            self.rules = [[pattern, "it said no\n", 1], DAEMON_IS_THERE, DEMO_IS_THERE]
            self.refuse(1, f"install.sh: failed while {step}\n", "install.sh", "--image", "i", "--demo")
            self.assertIn("it said no", self.err)
            if more:
                self.assertIn(f"To see more: {more}", self.err)
            self.assertNotIn("is ready:", self.out)


class WithHelm(ScriptTest):
    def setUp(self):
        super().setUp()
        self.have("helm")

    def upgrade(self):
        return self.calls("helm upgrade --install")[-1]

    def test_helm_is_given_all_that_was_asked_for(self):
        values = self.file("values.yaml", "replicas: 2\n")
        self.succeed("install.sh", "--image", "an/image:1", "--demo", "--values", values, "--name", "two", "--namespace", "queues")
        self.assertEqual(self.upgrade(), f"helm upgrade --install two {SCRIPTS.parent}/helm/jobscaler --namespace queues --values {values} "
                                         "--set-string image=an/image:1 --set demo.enabled=true")
        self.assertEqual(self.calls(" apply "), [])

    def test_an_edited_configuration_is_kept_unless_another_is_given(self):
        self.in_cluster("edited: true\n")
        self.succeed("install.sh", "--image", "i", "--values", self.file("values.yaml", "replicas: 2\n#config: x\nextraEnv: []\n"))
        self.assertEqual((self.directory / "config").read_text(), "edited: true\n")
        self.succeed("install.sh", "--image", "i", "--config", self.file("mine.yaml", "mine: true\n"))
        self.assertEqual((self.directory / "config").read_text(), "mine: true\n")
        self.succeed("install.sh", "--image", "i", "--values", self.file("values.yaml", "config: |\n  x: 1\n"))
        self.assertNotIn("--set-file", self.upgrade())

    def test_a_dry_run_renders_and_changes_nothing(self):
        self.succeed("install.sh", "--image", "i", "--dry-run")
        self.assertEqual(len(self.calls("helm template jobscaler")), 1)
        self.assertEqual(self.changes(), [])

    def test_a_failure_names_helm_s_own_status(self):
        self.rules = [["helm upgrade", "Error: values don't meet the specifications\n", 1]]
        self.refuse(1, "Error: values don't meet the specifications", "install.sh", "--image", "i")
        self.assertIn("install.sh: failed while applying jobscaler with helm\nTo see more: helm status jobscaler --namespace jobscaler", self.err)

    def test_an_installation_without_it_stays_without_it(self):
        self.rules = [DAEMON_IS_THERE]
        self.succeed("install.sh", "--image", "i")
        self.assertEqual((self.calls("helm"), len(self.calls(" apply -f"))), ([c for c in self.calls("helm") if c.startswith("kubectl")], 1))


class Uninstall(ScriptTest):
    def setUp(self):
        super().setUp()
        self.rules = [NAMESPACE_IS_THERE]

    def test_what_kubectl_installed_goes_by_its_labels_and_workers_stay(self):
        self.rules += [["get jobs -l", "job.batch/demo-7\njob.batch/demo-8\n", 0]]
        self.succeed("uninstall.sh")
        self.assertEqual(self.changes(), [
            "kubectl --namespace jobscaler delete deployment,service,configmap,secret,rolebinding,role,serviceaccount"
            " -l app.kubernetes.io/name=jobscaler,app.kubernetes.io/instance=jobscaler",
            "kubectl --namespace jobscaler delete lease jobscaler-jobscaler --ignore-not-found"])
        self.assertIn("2 Jobs of its workers stay; running ones finish their work, and --workers removes them", self.out)

    def test_workers_go_when_that_is_asked_for(self):
        self.succeed("uninstall.sh", "--workers", "--name", "two")
        self.assertEqual(len(self.calls("delete jobs -l app.kubernetes.io/managed-by=jobscaler,jobscaler.io/instance=two")), 1)
        self.assertIn("removed two from namespace jobscaler, and its workers", self.out)

    def test_helm_removes_what_helm_installed(self):
        self.have("helm")
        self.rules += [HELM_RELEASE_IS_THERE]
        self.succeed("uninstall.sh")
        self.assertEqual(self.changes()[0], "helm uninstall jobscaler --namespace jobscaler")
        self.assertEqual(self.calls("delete deployment"), [])

    def test_the_namespace_goes_only_if_it_was_made_for_it_and_is_empty(self):
        created = ["get namespace/jobscaler -o", "jobscaler", 0]
        everywhere = "configmap/kube-root-ca.crt\nserviceaccount/default\nsecret/default-token-x7\n"
        for rules, removed in (([["get namespace/jobscaler -o", "", 0]], False), ([["get namespace/jobscaler -o", "another", 0]], False),
                               ([created, ["get pods,jobs", everywhere, 0]], True),
                               ([created, ["get pods,jobs", everywhere + "configmap/mine\n", 0]], False)):
            self.setUp()
            self.rules += rules
            self.succeed("uninstall.sh")
            self.assertEqual(bool(self.calls("delete namespace")), removed)
        self.assertIn("the namespace jobscaler stays, as these are in it: configmap/mine", self.out)

    def test_what_cannot_be_listed_is_not_taken_for_nothing(self):
        self.rules = [["get pods,jobs", "forbidden\n", 1], *self.rules, ["get namespace/jobscaler -o", "jobscaler", 0]]
        self.refuse(1, "forbidden", "uninstall.sh")
        self.assertEqual(self.calls("delete namespace"), [])

    def test_pods_that_do_not_end_are_said(self):
        self.rules += [["get pods -l app.kubernetes.io/name", "pod/jobscaler-1\n", 0]]
        self.refuse(1, "its pods do not end", "uninstall.sh")
        self.assertEqual(self.calls("delete lease"), [])

    def test_a_namespace_that_is_not_there_is_said(self):
        self.rules = []
        self.refuse(1, "uninstall.sh: there is no namespace jobscaler", "uninstall.sh")


class PublishAndLogs(ScriptTest):
    def test_messages_are_published_in_the_daemon_s_pod(self):
        self.rules = [DAEMON_IS_THERE, DEMO_IS_THERE]
        self.succeed("publish_messages.sh")
        self.succeed("publish_messages.sh", 5)
        self.assertEqual([call.partition("--count ")[2] for call in self.calls("exec")], ["200 --work 250ms", "5 --work 250ms"])

    def test_without_the_demo_there_is_nowhere_to_publish_to(self):
        self.refuse(1, "there is no deployment/jobscaler in namespace jobscaler; scripts/install.sh --demo installs one", "publish_messages.sh")
        self.rules = [DAEMON_IS_THERE]
        self.refuse(1, "deployment/jobscaler was installed without the demo", "publish_messages.sh")

    def test_the_log_of_a_daemon_that_is_not_there_is_not_waited_for(self):
        self.refuse(1, "logs.sh: there is no deployment/jobscaler in namespace jobscaler", "logs.sh", "scaler")

    def follow(self, what, selector):
        """Its calls for logs, after a second container and then a restarted one have come; ended by a signal."""
        state = ["one id1\ntwo \n", "one id1\ntwo id2\n", "one id3\ntwo id2\n"]
        pods = self.rules
        process = None
        for number, answer in enumerate(state, 1):
            self.rules = [[f"get pods -l {selector}", answer, 0], *pods]
            if process is None:
                process = self.start("logs.sh", what)
            else:
                new = self.directory / "rules.new"
                new.write_text(json.dumps(self.rules))
                new.replace(self.directory / "rules")
            deadline = time.monotonic() + 60
            while len(self.calls("logs --follow")) < number:
                self.assertLess(time.monotonic(), deadline, "waited in vain")
                time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        return [call.split(" logs --follow ")[1] for call in self.calls("logs --follow")]

    def test_logs_are_followed_of_those_that_come_later_too(self):
        selector = "app.kubernetes.io/managed-by=jobscaler,jobscaler.io/instance=jobscaler"
        self.assertEqual(self.follow("workers", selector), ["--prefix one", "--prefix two", "--prefix one"])

    def test_the_daemon_s_log_is_followed_through_restarts(self):
        self.rules = [DAEMON_IS_THERE]
        self.assertEqual(self.follow("scaler", "app.kubernetes.io/name=jobscaler"), ["one", "two", "one"])


if __name__ == "__main__":
    unittest.main()
