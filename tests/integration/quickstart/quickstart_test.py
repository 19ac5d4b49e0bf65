#!/usr/bin/env python3
"""quickstart_test.py rabbitmq|kafka - scripts/quickstart.sh on that broker: it adds up, twice at once too, and leaves nothing
behind however it is ended. Exit status 77 (skipped) where there is no Kafka.
"""
import glob
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

QUICKSTART = os.environ["QUICKSTART"]
PATIENCE = 240  # seconds

BROKER = sys.argv.pop()
ARGUMENTS = {"rabbitmq": [], "kafka": ["--kafka"]}[BROKER]
SUMMARY = {
    "rabbitmq": ["messages published:          200\n", "messages processed:          200, "],
    "kafka": ["messages published:          300\n", "processed by preprocessing:  300, ", "processed by processing:     300, ",
              "processed by writer:         300, "],
}[BROKER]
MOMENTS = {
    "rabbitmq": [("starting a private RabbitMQ", signal.SIGINT, 130), ("starting kubesim", signal.SIGTERM, 143),
                 ("starting jobscaler", signal.SIGHUP, 129), ("demo-2", signal.SIGINT, 130)],
    "kafka": [("starting a private Kafka", signal.SIGINT, 130), ("starting kubesim", signal.SIGTERM, 143),
              ("starting jobscaler", signal.SIGHUP, 129), ("processing-2", signal.SIGINT, 130)],
}[BROKER]


class Quickstart:
    """One run, in a directory for temporary files of its own, by which what it started is known."""

    def __init__(self, test, **environment):
        temporary = tempfile.TemporaryDirectory(prefix="quickstart-test-")
        test.addCleanup(temporary.cleanup)
        self.directory = temporary.name
        self.process = subprocess.Popen([QUICKSTART, *ARGUMENTS], env={**os.environ, "TMPDIR": self.directory, **environment},
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        test.addCleanup(self.process.stdout.close)
        self.output = ""

    def wait_for(self, text):
        for line in self.process.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(f"it ended without saying {text!r}:\n{self.output}")

    def end(self):
        """Its exit status."""
        self.output += self.process.stdout.read()
        return self.process.wait(PATIENCE)

    def processes(self):
        """The command lines of what runs and has the directory in its command line or its environment."""
        found = []
        for process in glob.glob("/proc/[0-9]*"):
            try:
                with open(f"{process}/cmdline", "rb") as file:
                    command = file.read()
                with open(f"{process}/environ", "rb") as file:
                    known = command + file.read()
            except OSError:
                continue  # ended meanwhile
            if os.fsencode(self.directory) in known:
                found.append(command.replace(b"\0", b" ").decode())
        return found


class QuickstartTest(unittest.TestCase):
    def test_it_says_how_it_is_used(self):
        for arguments, status in ([["--help"], 0], [["--rabbit"], 2]):
            answer = subprocess.run([QUICKSTART, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(answer.returncode, status)
            self.assertTrue(answer.stdout.startswith("quickstart.sh [--kafka] - jobscaler at work"), answer.stdout)
            self.assertIn("JOBSCALER_PATH", answer.stdout.splitlines()[-1])

    def assert_nothing_left(self, run):
        deadline = time.monotonic() + 5  # a process that was killed may take a moment to vanish
        while run.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(run.processes(), [], run.output)
        self.assertEqual(os.listdir(run.directory), [], run.output)

    def assert_adds_up(self, run):
        self.assertEqual(run.end(), 0, run.output)
        for words in (*SUMMARY, "workers left:                0\n", "it all adds up\n"):
            self.assertIn(words, run.output)
        self.assert_nothing_left(run)

    def test_it_adds_up_also_when_it_runs_twice_at_once(self):
        one, other = Quickstart(self), Quickstart(self)
        self.assert_adds_up(one)
        self.assert_adds_up(other)

    def test_it_can_be_interrupted_at_any_moment(self):
        for words, number, status in MOMENTS:
            with self.subTest(words):
                run = Quickstart(self)
                run.wait_for(words)
                run.process.send_signal(number)
                self.assertEqual(run.end(), status, run.output)
                self.assertIn("interrupted; nothing is left running\n", run.output)
                self.assert_nothing_left(run)

    @unittest.skipUnless(BROKER == "kafka", "RabbitMQ is a package")
    def test_without_maven_central_it_says_so(self):
        with tempfile.TemporaryDirectory() as programs:
            with open(f"{programs}/mvn", "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\necho 'no route to host'\nexit 1\n")
            os.chmod(f"{programs}/mvn", 0o755)
            run = Quickstart(self, PATH=f"{programs}:{os.environ['PATH']}", XDG_CACHE_HOME=f"{programs}/cache")
            self.assertEqual(run.end(), 1, run.output)
        self.assertIn("needs Apache Kafka's jars, and Maven cannot get them from Maven Central; see ", run.output)
        self.assertIn("quickstart.sh: there is no Kafka to run with\n", run.output)
        self.assert_nothing_left(run)

    def test_a_daemon_that_fails_is_told_of_and_its_logs_are_kept(self):
        with tempfile.TemporaryDirectory() as programs:
            with open(f"{programs}/jobscaler", "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\necho 'it is broken'\nexit 7\n")
            os.chmod(f"{programs}/jobscaler", 0o755)
            run = Quickstart(self, JOBSCALER_PATH=f"{programs}:{os.environ['JOBSCALER_PATH']}")
            self.assertEqual(run.end(), 1, run.output)
        self.assertIn("jobscaler ended before it was told to", run.output)
        kept = run.output.split("the logs are in ")[-1].strip()
        with open(f"{kept}/jobscaler.log", encoding="utf-8") as file:
            self.assertEqual(file.read(), "it is broken\n")
        self.assertEqual(run.processes(), [])


if BROKER == "kafka":
    got = subprocess.run([os.environ["PRIVATE_KAFKA"], "jars"], stderr=subprocess.STDOUT, check=False).returncode
    if got != 0:
        sys.exit(got)
unittest.main(verbosity=2)
