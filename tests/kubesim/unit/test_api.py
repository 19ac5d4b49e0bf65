"""What the server answers, beyond what tests/integration/kube compares with a real one."""
import unittest
import urllib.parse

from support import EVENTS, JOBS, LEASES, MERGE, PODS, InProcess, job


class Versions(InProcess):
    def test_a_fault_of_its_own_is_a_500_and_not_a_broken_connection(self):
        self.api.quotas.admit = None
        self.assertEqual(self.ask("POST", JOBS, job("a"), expect=500)["reason"], "InternalError")

    async def test_watches_replay_what_came_after_their_version(self):
        version = self.ask("GET", JOBS)["metadata"]["resourceVersion"]
        self.ask("POST", JOBS, job("a"))
        events = self.watch(f"{JOBS}?watch=1&resourceVersion={version}")
        self.assertEqual([(event["type"], event["object"]["metadata"]["name"]) for event in events], [("ADDED", "a")])

    async def test_watches_without_a_version_begin_with_what_there_is(self):
        self.ask("POST", JOBS, job("a"))
        self.assertEqual(len(self.watch(f"{JOBS}?watch=1")), 1)

    async def test_after_a_compaction_old_versions_are_gone_and_new_ones_are_not(self):
        old = self.ask("POST", JOBS, job("a"))["metadata"]["resourceVersion"]
        self.simulator.web.compact()
        new = self.ask("GET", JOBS)["metadata"]["resourceVersion"]
        self.assertEqual(self.watch(f"{JOBS}?watch=1&resourceVersion={int(old) - 1}")[0]["object"]["code"], 410)
        self.assertEqual(self.watch(f"{JOBS}?watch=1&resourceVersion={new}"), [])

    async def test_a_continued_list_is_of_one_moment(self):
        for name in "abc":
            self.ask("POST", JOBS, job(name))
        first = self.ask("GET", f"{JOBS}?limit=2")
        self.ask("DELETE", f"{JOBS}/c", {"propagationPolicy": "Background"})
        token = urllib.parse.quote(first["metadata"]["continue"])
        rest = self.ask("GET", f"{JOBS}?limit=2&continue={token}")
        self.assertEqual([item["metadata"]["name"] for item in rest["items"]], ["c"])
        self.simulator.web.compact()
        self.assertEqual(self.ask("GET", f"{JOBS}?limit=2&continue={token}", expect=410)["reason"], "Expired")


class ShortHistory(InProcess):
    OPTIONS = ["--history", "3"]

    async def test_versions_that_fell_out_of_the_history_are_gone(self):
        version = self.ask("GET", LEASES)["metadata"]["resourceVersion"]
        for name in "abcd":
            self.ask("POST", LEASES, {"metadata": {"name": name}})
        self.assertEqual(self.watch(f"{LEASES}?watch=1&resourceVersion={version}")[0]["object"]["reason"], "Expired")


class Fields(InProcess):
    def test_unknown_fields_are_refused_under_strict_with_their_place(self):
        item = job("a")
        item["spec"]["template"]["spec"]["containers"][0]["imagePullPolicie"] = "Always"
        message = self.ask("POST", f"{JOBS}?fieldValidation=Strict", item, expect=400)["message"]
        self.assertEqual(message, 'Job in version "v1" cannot be handled as a Job: strict decoding error: unknown field '
                         '"spec.template.spec.containers[0].imagePullPolicie"')

    def test_without_strict_they_are_a_warning_and_dropped(self):
        answer = self.handle("POST", JOBS, {**job("a"), "bogus": 1})
        self.assertEqual(answer.headers, [("Warning", '299 - "unknown field \\"bogus\\""')])
        self.assertNotIn("bogus", self.ask("GET", f"{JOBS}/a"))

    def test_wrong_types_are_named_with_their_place(self):
        for value, found in (("two", "string"), (1.5, "number 1.5"), (True, "bool"), ([], "array"), (2 ** 31, "number 2147483648")):
            message = self.ask("POST", JOBS, job("a", activeDeadlineSeconds=1, parallelism=value), expect=400)["message"]
            self.assertTrue(message.endswith(f"json: cannot unmarshal {found} into Go struct field JobSpec.spec.parallelism of type int32"),
                            message)

    def test_nulls_are_as_good_as_absent(self):
        item = job("a", completions=None, activeDeadlineSeconds=None)
        item["metadata"]["labels"] = None
        self.assertEqual(self.ask("POST", JOBS, item)["spec"]["completions"], 1)


class Older(InProcess):
    OPTIONS = ["--minor", "20"]

    def test_before_1_25_strict_is_ignored(self):
        self.ask("POST", f"{JOBS}?fieldValidation=Strict", {**job("a"), "bogus": 1})

    def test_before_1_22_suspend_is_dropped(self):
        self.assertNotIn("suspend", self.ask("POST", JOBS, job("a", suspend=True))["spec"])


class Updates(InProcess):
    async def test_patches_change_the_status_or_all_but_the_status(self):
        self.ask("POST", JOBS, job("a"))
        pod = (await self.until(lambda: self.pods("a")))[0]["metadata"]["name"]
        patch = {"metadata": {"labels": {"x": "y"}}, "status": {"reason": "Evicted"}}
        self.assertNotIn("reason", self.ask("PATCH", f"{PODS}/{pod}", patch, kind=MERGE)["status"])
        after = self.ask("PATCH", f"{PODS}/{pod}/status", patch, kind=MERGE)
        self.assertEqual((after["status"]["reason"], after["metadata"]["labels"]["x"]), ("Evicted", "y"))

    async def test_a_label_that_leaves_the_selector_is_a_deletion_to_the_watch(self):
        self.ask("POST", LEASES, {"metadata": {"name": "a", "labels": {"x": "y"}}})
        events = self.watch(f"{LEASES}?watch=1&labelSelector=x%3Dy")
        self.ask("PATCH", f"{LEASES}/a", {"metadata": {"labels": {"x": "z"}}}, kind=MERGE)
        self.ask("PATCH", f"{LEASES}/a", {"metadata": {"labels": {"x": "y"}}}, kind=MERGE)
        self.assertEqual([event["type"] for event in events], ["ADDED", "DELETED", "ADDED"])

    async def test_a_write_that_changes_nothing_is_no_change(self):
        first = self.ask("POST", LEASES, {"metadata": {"name": "a"}})
        self.assertEqual(self.ask("PATCH", f"{LEASES}/a", {}, kind=MERGE)["metadata"]["resourceVersion"],
                         first["metadata"]["resourceVersion"])

    async def test_events_that_repeat_are_counted(self):
        item = self.ask("POST", JOBS, job("a", suspend=True))
        for _ in range(3):
            self.simulator.recorder.on_job(item, "Warning", "FailedCreate", "no room")
        events = self.ask("GET", f"{EVENTS}?fieldSelector=reason%3DFailedCreate")["items"]
        self.assertEqual([event["count"] for event in events], [3])


if __name__ == "__main__":
    unittest.main()
