"""Jobs, pods and nodes: what becomes of them."""
import os
import signal
import tempfile
import unittest

from support import EVENTS, JOBS, MERGE, PODS, InProcess, job, process_job


class Lives(InProcess):
    async def test_a_pod_becomes_ready_and_succeeds_and_its_job_completes(self):
        events = self.watch(f"{PODS}?watch=1")
        self.ask("POST", JOBS, job("a", {"fake/ready-after": "0.01", "fake/seconds": "0.02"}))
        await self.condition("a", "Complete")
        phases = [event["object"]["status"]["phase"] for event in events]
        self.assertEqual(phases, ["Pending", "Pending", "Running", "Running", "Succeeded"])

    async def test_a_failed_pod_fails_its_job_with_its_words(self):
        self.ask("POST", JOBS, job("a", {"fake/seconds": "0", "fake/exit": "3", "fake/reason": "OOMKilled", "fake/message": "boom"}))
        self.assertEqual((await self.condition("a", "Failed"))["reason"], "BackoffLimitExceeded")
        ended = self.pods("a")[0]["status"]["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual((ended["exitCode"], ended["reason"], ended["message"]), (3, "OOMKilled", "boom"))

    async def test_a_deadline_fails_the_job_and_removes_its_pod(self):
        self.ask("POST", JOBS, job("a", activeDeadlineSeconds=1))
        self.assertEqual((await self.condition("a", "Failed"))["reason"], "DeadlineExceeded")
        await self.until(lambda: not self.pods("a"))

    async def test_a_finished_job_goes_with_its_pod_when_its_time_to_live_is_over(self):
        self.ask("POST", JOBS, job("a", {"fake/seconds": "0"}, ttlSecondsAfterFinished=0))
        await self.until(lambda: not self.ask("GET", JOBS)["items"] and not self.ask("GET", PODS)["items"])

    async def test_a_waiting_pod_goes_on_when_the_annotation_is_gone(self):
        self.ask("POST", JOBS, job("a", {"fake/waiting": "ErrImagePull", "fake/seconds": "0"}))
        pod = await self.until(lambda: next((pod for pod in self.pods("a") if "containerStatuses" in pod["status"]), None))
        self.assertEqual(pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "ErrImagePull")
        self.ask("PATCH", f"{PODS}/{pod['metadata']['name']}", {"metadata": {"annotations": {"fake/waiting": None}}}, kind=MERGE)
        await self.condition("a", "Complete")

    async def test_a_suspended_job_has_no_pod_until_it_is_resumed(self):
        self.ask("POST", JOBS, job("a", {"fake/seconds": "0"}, suspend=True))
        self.assertEqual((await self.condition("a", "Suspended"))["status"], "True")
        self.assertEqual(self.pods("a"), [])
        self.ask("PATCH", f"{JOBS}/a", {"spec": {"suspend": False}}, kind=MERGE)
        await self.condition("a", "Complete")

    async def test_a_deleted_pod_of_an_unfinished_job_fails_it(self):
        self.ask("POST", JOBS, job("a"))
        pod = await self.pod_in_phase("a", "Running")
        self.ask("DELETE", f"{PODS}/{pod['metadata']['name']}")
        self.assertEqual((await self.condition("a", "Failed"))["reason"], "BackoffLimitExceeded")

    async def test_a_foreground_deletion_ends_with_the_last_pod(self):
        self.ask("POST", JOBS, job("a"))
        await self.pod_in_phase("a", "Running")
        left = self.ask("DELETE", f"{JOBS}/a", {"propagationPolicy": "Foreground"})
        self.assertEqual(left["metadata"]["finalizers"], ["foregroundDeletion"])
        await self.until(lambda: not self.ask("GET", JOBS)["items"])
        self.assertEqual(self.pods("a"), [])

    async def test_an_orphaned_pod_lives_on(self):
        self.ask("POST", JOBS, job("a"))
        await self.pod_in_phase("a", "Running")
        self.ask("DELETE", f"{JOBS}/a")
        await self.until(lambda: not self.ask("GET", JOBS)["items"])
        self.assertEqual([pod["metadata"].get("ownerReferences") for pod in self.pods("a")], [None])


class Older(InProcess):
    OPTIONS = ["--minor", "20"]

    async def test_before_1_26_a_deleted_pod_is_replaced(self):
        self.ask("POST", JOBS, job("a"))
        pod = await self.pod_in_phase("a", "Running")
        self.ask("DELETE", f"{PODS}/{pod['metadata']['name']}")
        await self.until(lambda: [other for other in self.pods("a") if other["metadata"]["uid"] != pod["metadata"]["uid"]])
        self.assertNotIn("conditions", self.ask("GET", f"{JOBS}/a")["status"])


class Growth(InProcess):
    OPTIONS = ["--group", "pool:0:2:1:0.01"]

    async def test_a_group_grows_by_what_waits_up_to_its_maximum(self):
        for name in "abc":
            self.ask("POST", JOBS, job(name, group="pool"))
        events = await self.until(lambda: [event["message"] for event in self.ask("GET", EVENTS)["items"]
                                           if "scale-up" in event["message"]] if len(self.ask("GET", "/api/v1/nodes")["items"]) == 2
                                  else None)
        self.assertEqual(events.count("pod triggered scale-up: [{pool 0->2 (max: 2)}]"), 2)
        self.assertIn("pod didn't trigger scale-up: 1 max node group size reached", events)
        def the_one_that_waits():
            waiting = [pod for name in "abc" for pod in self.pods(name) if not pod["spec"].get("nodeName")]
            return waiting[0] if len(waiting) == 1 else None
        waiting = await self.until(the_one_that_waits)
        self.assertEqual(waiting["status"]["conditions"][0]["message"], "0/2 nodes are available: 2 Too many pods.")


class Shrinking(InProcess):
    OPTIONS = ["--group", "pool:0:2:1:0", "--idle", "0"]

    async def test_idle_nodes_go(self):
        self.ask("POST", JOBS, job("a", {"fake/seconds": "0"}, group="pool"))
        await self.condition("a", "Complete")
        await self.until(lambda: not self.ask("GET", "/api/v1/nodes")["items"])


class Processes(InProcess):
    OPTIONS = ["--processes", "local"]

    async def asyncSetUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.OPTIONS = ["--processes", "local", "--logs", directory.name]
        self.logs = directory.name
        await super().asyncSetUp()

    def logged(self, pod):
        with open(os.path.join(self.logs, pod["metadata"]["name"] + ".log"), encoding="utf-8") as file:
            return file.read()

    async def test_its_exit_code_is_the_pods(self):
        self.ask("POST", JOBS, process_job("a", "sh", "-c", "exit 3"))
        pod = await self.pod_in_phase("a", "Failed")
        self.assertEqual(pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 3)

    async def test_a_signal_is_128_and_its_number(self):
        self.ask("POST", JOBS, process_job("a", "sh", "-c", "kill -9 $$"))
        pod = await self.pod_in_phase("a", "Failed")
        self.assertEqual(pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 137)

    async def test_it_gets_its_variables_and_its_output_is_logged(self):
        item = process_job("a", "sh", "-c", "echo $A on $ME, $HOSTNAME")
        item["spec"]["template"]["spec"]["containers"][0]["env"] = [
            {"name": "A", "value": "x y"}, {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
        self.ask("POST", JOBS, item)
        pod = await self.pod_in_phase("a", "Succeeded")
        name = pod["metadata"]["name"]
        self.assertEqual(self.logged(pod), f"x y on {name}, {name}\n")

    async def test_a_command_that_is_not_there_fails_the_pod_in_words(self):
        self.ask("POST", JOBS, process_job("a", "no-such-command"))
        pod = await self.pod_in_phase("a", "Failed")
        ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
        self.assertEqual((ended["exitCode"], ended["reason"]), (128, "StartError"))
        self.assertIn("no-such-command", ended["message"])

    async def test_deleting_it_asks_it_to_end_and_the_pod_goes_with_it(self):
        self.ask("POST", JOBS, process_job("a", "sh", "-c", "trap 'echo ending; exit 0' TERM; echo up; while :; do sleep 0.01; done"))
        pod = await self.pod_in_phase("a", "Running")
        await self.until(lambda: "up" in self.logged(pod))
        self.ask("DELETE", f"{JOBS}/a", {"propagationPolicy": "Background"})
        await self.until(lambda: not self.pods("a"))
        self.assertIn("ending", self.logged(pod))

    async def test_one_that_does_not_listen_is_killed_when_its_grace_is_over(self):
        self.ask("POST", JOBS, process_job("a", "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done", grace=1))
        pod = await self.pod_in_phase("a", "Running")
        await self.until(lambda: "up" in self.logged(pod))
        self.ask("DELETE", f"{JOBS}/a", {"propagationPolicy": "Background"})
        await self.until(lambda: not self.pods("a"))
        self.assertEqual(self.simulator.launcher.running, set())

    async def test_what_it_leaves_in_its_group_ends_with_it(self):
        self.ask("POST", JOBS, process_job("a", "sh", "-c", "sleep 1000 & echo $!; exit 0"))
        pod = await self.pod_in_phase("a", "Succeeded")
        left = int(self.logged(pod))
        await self.until(lambda: not alive(left))


def alive(pid):
    """Whether the process runs; a zombie, which waits for somebody else, does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Counts(InProcess):
    OPTIONS = ["--processes", "local"]

    def worker(self, name, number, annotations=None):
        item = job(name, annotations)
        item["metadata"]["labels"] = {"jobscaler.io/scaler": "s", "jobscaler.io/number": str(number), "jobscaler.io/node-group": "g"}
        item["spec"]["template"]["spec"]["containers"][0]["command"] = ["sleep", "1000"]
        return item

    async def test_too_many_at_once_are_violations(self):
        self.simulator.stats.limit({"max": {"s": 2}, "window": {"g": 1}})
        for number in (1, 2, 4):
            self.ask("POST", JOBS, self.worker(f"s-{number}", number, {"fake/ready-after": "never"}))
        report = self.simulator.stats.report()
        self.assertEqual(report["violations"], [
            "gated: s-2 is unready worker 2 of node group g, whose window is 1",
            "bounded: s-4 is unfinished worker 3 of s, whose max is 2",
            "gated: s-4 is unready worker 3 of node group g, whose window is 1",
            "dense: s-4 was created, and s-3 never was"])
        self.assertEqual((report["peak_unfinished"], report["peak_unready"]), ({"s": 3}, {"g": 3}))

    async def test_deleting_a_worker_at_work_is_a_violation_and_one_that_waits_is_not(self):
        self.ask("POST", JOBS, self.worker("s-1", 1, {"fake/ready-after": "0.01"}))
        self.ask("POST", JOBS, self.worker("s-2", 2, {"fake/ready-after": "never"}))
        await self.until(lambda: self.simulator.stats.times()["jobs"][0]["ready"])
        for name in ("s-1", "s-2"):
            uid = self.ask("GET", f"{JOBS}/{name}")["metadata"]["uid"]
            self.ask("DELETE", f"{JOBS}/{name}", {"propagationPolicy": "Background", "preconditions": {"uid": uid}})
        self.assertEqual(self.simulator.stats.violations, ["hands off: Job s-1 was deleted while it was working"])


if __name__ == "__main__":
    signal.alarm(300)
    unittest.main()
