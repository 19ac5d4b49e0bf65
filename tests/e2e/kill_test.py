#!/usr/bin/env python3
"""The daemon's pod is force-deleted, and the daemon killed, again and again while it starts workers."""
import os
import signal

import installation
from installation import job, publish, scaler, until_soon

MOST, EACH, DELETIONS = 12, 5, 9


class KillTest(installation.InstalledTest):
    NAMESPACE = "kill"

    @classmethod
    def scalers(cls):
        return [scaler("work", job("work", cls.report), MOST, messages_per_worker=EACH)]

    def wait_for_another_worker(self):
        """Somewhere in the ramp: a POST has just been answered, or is being."""
        there = len(self.history.workers("work"))
        until_soon("the next worker", lambda: len(self.history.workers("work")) > there)

    def delete_daemon(self):
        for pod in self.installation.daemons():
            self.installation.kubectl("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0", "--wait=false")

    def kill_daemon(self):
        for pod in self.installation.daemons():
            os.kill(installation.process_of(pod), signal.SIGKILL)

    def test_workers_max_holds_names_are_dense_and_every_message_is_processed(self):
        published = 0
        for blow in [self.delete_daemon] * DELETIONS + [self.kill_daemon]:
            publish("work", 40, "500ms")
            published += 40
            self.wait_for_another_worker()
            blow()
        publish("work", 300, "1s")
        published += 300
        until_soon(f"{MOST} workers at once", lambda: self.history.peak("work") >= MOST)
        self.until_processed(published)
        self.until_over("work")
        self.assertEqual(self.processed(), published)
        self.assertEqual(self.history.peak("work"), MOST)
        self.assert_promises_kept("work", MOST)


if __name__ == "__main__":
    installation.main()
