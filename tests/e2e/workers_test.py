#!/usr/bin/env python3
"""What happens to workers on a real cluster: deleted by hand, no room on the nodes, no room in the quota."""
import installation
from api import REAL
from installation import job, publish, scaler, until_soon

SLOTS = "jobscaler.test/slots"  # something that a node has only so many of


class WorkersTest(installation.InstalledTest):
    NAMESPACE = "workers"

    @classmethod
    def scalers(cls):
        full = job("full", cls.report, resources={"limits": {SLOTS: 1}})
        return [scaler("deleted", job("deleted", cls.report), 1), scaler("full", full, 3, nodeGroups=["slots"]),
                scaler("quota", job("quota", cls.report), 3)]

    @classmethod
    def prepare(cls):
        cls.config["nodeGroups"].append({"name": "slots", "nodeSelector": REAL})
        cls.addClassCleanup(cls.set_slots, None)
        cls.set_slots(1)

    @classmethod
    def set_slots(cls, count):
        path = f"/api/v1/nodes/{cls.api.find_node()}/status"
        slots = {SLOTS: None if count is None else str(count)}
        cls.api.call("PATCH", path, {"status": {"capacity": slots, "allocatable": slots}}, "application/merge-patch+json")

    def test_a_worker_deleted_by_hand_gives_its_message_back_and_another_one_does_it(self):
        publish("deleted", 1, "15s")
        self.until_ready("deleted", 1)
        queue = "/queues/%2F/deleted"
        until_soon("the message is being worked on", lambda: self.broker.request("GET", queue).get("messages_unacknowledged") == 1)
        before = self.processed()
        self.installation.kubectl("delete", "job", "deleted-1", "--wait=false")
        self.until_processed(before + 1)
        self.until_over("deleted")
        self.assertEqual(sorted(self.history.workers("deleted")), [1, 2])
        self.assertLessEqual(self.history.peak("deleted"), 1)

    def test_a_full_node_group_is_told_in_the_schedulers_words_and_the_ramp_goes_on_when_there_is_room(self):
        before = self.processed()
        publish("full", 6, "10s")
        self.until_ready("full", 1)
        line = self.installation.wait_until_says(" full ", "waiting_for_ready: full-2 pending", "Unschedulable", f"Insufficient {SLOTS}")
        self.assertIn("nodes are available", line)
        self.assertEqual(sorted(self.history.workers("full")), [1, 2])
        self.set_slots(3)
        until_soon("the third worker", lambda: len(self.history.workers("full")) == 3)
        self.until_over("full")
        self.until_processed(before + 6)
        self.assert_promises_kept("full", most=3)

    def test_a_quota_that_is_hit_is_told_and_the_ramp_goes_on_when_it_is_raised(self):
        kubectl = self.installation.kubectl
        there = len(self.api.items(f"/apis/batch/v1/namespaces/{self.namespace}/jobs"))
        kubectl("create", "quota", "few", f"--hard=count/jobs.batch={there + 1}")
        self.addCleanup(kubectl, "delete", "quota", "few")
        until_soon("the quota is in force", lambda: self.installation.call("GET", "resourcequotas", "few")["status"].get("used"))
        before = self.processed()
        publish("quota", 9, "5s")
        self.installation.wait_until_says("WARN", " quota ", "quota_exceeded", "exceeded quota: few", f"limited: count/jobs.batch={there + 1}")
        self.assertEqual(list(self.history.workers("quota")), [1])
        self.installation.patch("quota", "few", {"spec": {"hard": {"count/jobs.batch": str(there + 10)}}})
        until_soon("more workers", lambda: len(self.history.workers("quota")) > 1)
        self.until_processed(before + 9)
        self.until_over("quota")
        self.assert_promises_kept("quota", most=3)


if __name__ == "__main__":
    installation.main()
