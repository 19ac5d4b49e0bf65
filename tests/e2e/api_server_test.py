#!/usr/bin/env python3
"""The API server is killed while the daemon starts workers, and comes back.

API_SERVER_PID: a file that begins with its process id. START_API_SERVER: the command that starts it again.
"""
import os
import shlex
import signal

import installation
from api import skip
from installation import job, publish, scaler, until_soon

MOST = 8


class ApiServerTest(installation.InstalledTest):
    NAMESPACE = "outage"

    @classmethod
    def scalers(cls):
        return [scaler("work", job("work", cls.report), MOST, messages_per_worker=5)]

    @staticmethod
    def start_api_server():
        installation.run(shlex.split(os.environ["START_API_SERVER"]))

    def kill_api_server(self):
        with open(os.environ["API_SERVER_PID"], encoding="utf-8") as file:
            pid = int(file.read().split()[0])
        self.addCleanup(self.start_api_server)  # does nothing when it runs
        os.kill(pid, signal.SIGKILL)

    def test_a_ramp_goes_on_after_the_api_server_was_killed_and_came_back(self):
        publish("work", 300, "500ms")
        self.until_ready("work", 2)
        self.kill_api_server()
        before = self.processed()
        self.until_processed(before + 5)  # workers need no API server
        self.start_api_server()
        until_soon(f"{MOST} workers at once", lambda: self.history.peak("work") == MOST)
        self.until_processed(300)
        self.until_over("work")
        self.assertTrue(self.installation.lines("kubernetes", "retrying"), "the outage was told")
        self.assertEqual(self.processed(), 300)
        self.assert_promises_kept("work", MOST)


if __name__ == "__main__":
    if not os.environ.get("START_API_SERVER") or not os.environ.get("API_SERVER_PID"):
        skip("START_API_SERVER and API_SERVER_PID, to kill and start the cluster's API server (tests/e2e/README.md)")
    installation.main()
