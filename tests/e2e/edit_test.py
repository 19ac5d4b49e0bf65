#!/usr/bin/env python3
"""The configuration of a running daemon, edited by kubectl."""
import installation
from installation import job, publish, scaler

NO_IMAGE = "127.0.0.1:1/no-such-image:1"  # nobody listens there


class EditTest(installation.InstalledTest):
    NAMESPACE = "edit"

    @classmethod
    def scalers(cls):
        look, more, other, broken, wrong = [
            scaler(name, job(name, cls.report), 1) for name in ("look", "more", "other", "broken", "wrong")]
        look["mode"] = "observe"
        broken["workers"].update({"stuckAfter": "2s", "stuckKeep": "2s"})
        broken["job"]["template"]["spec"]["containers"][0]["image"] = NO_IMAGE
        return [look, more, other, broken, wrong]

    def container(self, name):
        return self.scaler(name)["job"]["template"]["spec"]["containers"][0]

    def test_an_observer_says_what_it_would_do_and_creates_nothing_until_an_edit_switches_it_on(self):
        publish("look", 3, "100ms")
        self.installation.wait_until_says(" look ", "messages_above: 3 waiting (> 0)", "-> would start look-1 (1 of 1")
        self.installation.wait_until_says(" look ", "-> would start look-1", times=2)
        self.assertEqual(self.history.workers("look"), {})
        self.scaler("look")["mode"] = "scale"
        before = self.processed()
        self.edit()  # and the kubelet takes its time
        self.installation.wait_until_says("configuration changed: look: mode observe -> scale")
        self.until_processed(before + 3)
        self.until_over("look")
        self.assert_promises_kept("look", most=1)

    def test_a_raised_maximum_is_used_at_once_and_no_worker_is_disturbed(self):
        publish("more", 6, "15s")
        self.until_ready("more", 1)
        self.installation.wait_until_says(" more ", "at_max")
        first = self.history.workers("more")[1]["metadata"]["uid"]
        self.scaler("more")["workers"]["max"] = 3
        before = self.processed()
        self.edit()
        self.installation.hurry()
        self.installation.wait_until_says("configuration changed: more: workers.max 1 -> 3")
        self.until_ready("more", 3)
        self.until_processed(before + 6)
        self.until_over("more")
        self.assertEqual(self.history.workers("more")[1]["metadata"]["uid"], first)
        self.assertEqual(self.history.peak("more"), 3)
        self.assert_promises_kept("more", most=3)

    def test_a_wrong_edit_is_told_with_its_place_and_the_old_configuration_stays(self):
        entry = self.scaler("wrong")
        entry["workers"]["maximum"] = entry["workers"].pop("max")
        self.edit()
        self.installation.hurry()
        self.installation.wait_until_says("WARN", "jobscaler.yaml:", "workers.maximum")
        self.installation.wait_until_says("WARN", "configuration not changed", "stays")
        before = self.processed()
        publish("wrong", 2, "100ms")
        self.until_processed(before + 2)
        entry["workers"]["max"] = entry["workers"].pop("maximum")
        self.edit()
        self.installation.hurry()
        self.installation.wait_until_says("the configuration is in order again")
        self.until_over("wrong")
        self.assert_promises_kept("wrong", most=1)

    def test_a_broken_image_is_told_in_words_holds_no_other_scaler_and_is_mended_by_an_edit(self):
        publish("broken", 2, "100ms")
        self.installation.wait_until_says(" broken ", "broken-1 stuck", "ImagePull", NO_IMAGE)
        self.installation.wait_until_says(" broken ", "backing_off")
        before = self.processed()
        publish("other", 2, "100ms")
        self.until_processed(before + 2)
        self.container("broken").update(image=installation.image("JOBSCALER_IMAGE"))
        self.edit()
        self.installation.hurry()
        self.installation.wait_until_says("configuration changed: broken: job template")
        self.until_processed(before + 4)
        self.until_over("broken")
        self.assert_promises_kept("other", most=1)


if __name__ == "__main__":
    installation.main()
