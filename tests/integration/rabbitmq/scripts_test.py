#!/usr/bin/python3
"""scripts_test.py SCRIPTS: the broker's scripts leave no process behind when they are ended by a signal."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SCRIPTS = pathlib.Path(sys.argv.pop(1)).resolve()
SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"


def processes_of(directory):
    """Pids of the broker, its helpers and epmd."""
    mark = f"PRIVATE_RABBITMQ_DIR={directory}".encode()
    pids = []
    for environ in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environ.read_bytes().split(b"\0"):
                pids.append(int(environ.parent.name))
        except OSError:
            pass  # ended, or another user's
    return pids


def runs(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class ScriptsTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name).resolve()

    def until(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, "waited in vain")
            time.sleep(0.02)

    def start(self, *command):
        process = subprocess.Popen(command, cwd=self.directory, env={**os.environ, "TMPDIR": str(self.directory)})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_a_start_that_is_ended_leaves_nothing(self):
        for ending in (signal.SIGHUP, signal.SIGTERM):
            broker = self.directory / f"broker{int(ending)}"
            script = self.start(SCRIPTS / "private_rabbitmq.sh", "start", broker)
            self.addCleanup(subprocess.run, [SCRIPTS / "private_rabbitmq.sh", "stop", broker], check=True)
            self.until(lambda: len(processes_of(broker)) > 1)
            script.send_signal(ending)
            script.wait(timeout=60)
            self.assertEqual([pid for pid in processes_of(broker) if runs(pid)], [])

    def test_a_command_ends_with_its_broker(self):
        for ending in (signal.SIGHUP, signal.SIGTERM):
            pids = self.directory / f"pids{int(ending)}"
            script = self.start(
                SCRIPTS / "lib/with_rabbitmq.sh", "bash", "-c",
                f'sleep 1000 & echo $$ $! > "{pids}.new"; mv "{pids}.new" "{pids}"; wait')
            self.until(pids.exists)
            command = [int(pid) for pid in pids.read_text().split()]
            for pid in command:
                self.addCleanup(lambda pid=pid: runs(pid) and os.kill(pid, signal.SIGKILL))
            script.send_signal(ending)
            self.assertEqual(script.wait(timeout=60), 128 + ending)
            self.assertEqual([pid for pid in command if runs(pid)], [])
            self.assertEqual(list(self.directory.glob("jobscaler-rabbitmq-*")), [])


if __name__ == "__main__":
    if not os.access(SERVER, os.X_OK):
        print("skipped: needs the package rabbitmq-server")
        sys.exit(77)
    unittest.main()
