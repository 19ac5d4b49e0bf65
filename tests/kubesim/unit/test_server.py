"""kubesim as a process: connections, faults, and its own beginning and end."""
import http.client
import json
import os
import signal
import subprocess
import sys
import unittest

from support import JOBS, KUBESIM, LEASES, PODS, AsProcess, job, process_job
from test_pods import alive

LEASE = {"metadata": {"name": "a"}}


class Connections(AsProcess):
    def test_they_are_kept(self):
        connection = self.connect()
        for _ in range(3):
            self.assertEqual(self.send(connection, "GET", JOBS).read()[:16], b'{"kind":"JobList')

    def test_a_watch_ends_properly_after_its_time_with_a_bookmark_and_the_connection_is_kept(self):
        connection = self.connect()
        lines = self.send(connection, "GET", f"{JOBS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=1").read().splitlines()
        self.assertEqual([json.loads(line)["type"] for line in lines], ["BOOKMARK"])
        self.assertEqual(self.send(connection, "GET", JOBS).status, 200)

    def test_they_are_counted_until_what_came_on_them_is_done(self):
        control = self.connect()

        def ask(method, target, body=None):
            return json.loads(self.send(control, method, target, body).read())

        def connections():
            return ask("GET", "/kubesim/stats")["connections"]

        ask("POST", "/kubesim/faults", {"kind": "freeze", "method": "POST", "path": "/jobs"})
        killed = self.connect()
        killed.request("POST", JOBS, json.dumps(job("late")), {"Authorization": "Bearer kubesim"})
        killed.close()
        self.until(lambda: connections() == 2)
        self.assertEqual(ask("GET", f"{JOBS}/late")["code"], 404)
        ask("DELETE", "/kubesim/faults")
        self.until(lambda: connections() == 1)
        self.assertEqual(ask("GET", f"{JOBS}/late")["metadata"]["name"], "late")

    def test_nonsense_is_a_400(self):
        connection = self.connect()
        connection.connect()
        connection.sock.sendall(b"NONSENSE\r\n\r\n")
        self.assertTrue(connection.sock.recv(100).startswith(b"HTTP/1.1 400 "))


class Faults(AsProcess):
    def fault(self, **rule):
        self.assertEqual(self.ask("POST", "/kubesim/faults", rule)[0], 200)

    def test_a_status_strikes_as_often_as_it_is_told_to(self):
        self.fault(kind="status", method="POST", path="/jobs", count=1, status=429, retry_after=7)
        answer = self.send(self.connect(), "POST", JOBS, job("a"))
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (429, "7"))
        self.assertEqual(self.ask("POST", JOBS, job("a"))[0], 201)

    def test_an_error_may_be_told_although_it_was_done(self):
        self.fault(kind="status", method="POST", count=1, status=504, done=True)
        self.assertEqual(self.ask("POST", JOBS, job("a"))[0], 504)
        self.assertEqual(self.ask("GET", f"{JOBS}/a")[0], 200)

    def test_a_reset_does_nothing_and_a_lost_answer_does(self):
        for kind, there in (("reset", False), ("lost", True)):
            self.fault(kind=kind, method="POST", count=1)
            with self.assertRaises((ConnectionError, http.client.HTTPException)):
                self.send(self.connect(), "POST", JOBS, job(kind))
            self.assertEqual(self.ask("GET", f"{JOBS}/{kind}")[0] == 200, there)

    def test_closed_connections_were_answered_first(self):
        self.fault(kind="close", count=1)
        connection = self.connect()
        answer = self.send(connection, "GET", JOBS)
        self.assertEqual((answer.status, answer.headers.get("Connection")), (200, None))
        answer.read()
        self.assertEqual(connection.sock.recv(1), b"")

    def test_a_frozen_server_goes_on_where_it_was(self):
        watch = self.send(self.connect(), "GET", f"{LEASES}?watch=1")
        self.fault(kind="freeze")
        connection = self.connect()
        connection.request("POST", LEASES, json.dumps(LEASE), {"Authorization": "Bearer kubesim"})
        self.until(lambda: any(rule["struck"] for rule in self.ask("GET", "/kubesim/faults")[1]))
        self.ask("DELETE", "/kubesim/faults")
        self.assertEqual(connection.getresponse().status, 201)
        self.assertEqual(json.loads(watch.readline())["object"]["metadata"]["name"], "a")

    def test_a_cut_watch_ends_amid_a_line(self):
        watch = self.send(self.connect(), "GET", f"{LEASES}?watch=1")
        self.fault(kind="cut", path="watch=1")
        self.ask("POST", LEASES, LEASE)
        with self.assertRaises(http.client.IncompleteRead) as caught:
            watch.read()
        self.assertTrue(caught.exception.partial.startswith(b'{"type":"ADDED"'))
        self.assertFalse(caught.exception.partial.endswith(b"\n"))

    def test_duplicate_and_stale_events(self):
        self.ask("POST", LEASES, LEASE)
        watch = self.send(self.connect(), "GET", f"{LEASES}?watch=1")
        first = watch.readline()
        self.fault(kind="stale", count=1)
        self.fault(kind="duplicate", count=1)
        lease = self.ask("GET", f"{LEASES}/a")[1]
        self.ask("PUT", f"{LEASES}/a", {**lease, "spec": {"holderIdentity": "me"}})
        self.assertEqual(watch.readline(), first)
        second = watch.readline()
        self.assertEqual(json.loads(second)["object"]["spec"], {"holderIdentity": "me"})
        self.assertEqual(watch.readline(), second)

    def test_a_watch_that_is_told_its_version_is_gone(self):
        self.fault(kind="gone", count=1)
        line = self.send(self.connect(), "GET", f"{JOBS}?watch=1").read()
        self.assertEqual((json.loads(line)["type"], json.loads(line)["object"]["code"]), ("ERROR", 410))

    def test_rules_it_does_not_know_are_refused_in_words(self):
        answer = self.send(self.connect(), "POST", "/kubesim/faults", {"kind": "delay", "status": 500})
        self.assertEqual((answer.status, answer.read()), (400, b"kind delay does not take status\n"))


class Ends(AsProcess):
    OPTIONS = ["--processes", "local"]

    def running_process(self):
        """The pid of a pod's process."""
        file = self.path("pid")
        script = f"echo $$ >{file}.new; mv {file}.new {file}; exec sleep 1000"
        self.assertEqual(self.ask("POST", JOBS, process_job("a", "sh", "-c", script))[0], 201)
        self.until(lambda: os.path.exists(file))
        with open(file, encoding="utf-8") as pid:
            number = int(pid.read())
        os.unlink(file)
        return number

    def test_its_processes_end_with_it(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            with self.subTest(number):
                pid = self.running_process()
                self.server.send_signal(number)
                self.server.wait()
                self.until(lambda pid=pid: not alive(pid))
                os.unlink(self.path("ready"))
                self.server = self.start(*self.OPTIONS)
                self.address = self.wait_ready()

    def test_it_ends_with_the_process_that_started_it(self):
        os.unlink(self.path("ready"))
        shell = self.start(through=("sh", "-c", '"$@" & echo $! >"$0.new"; mv "$0.new" "$0"; exec sleep 1000', self.path("pid")))
        self.address = self.wait_ready()
        self.until(lambda: os.path.exists(self.path("pid")))
        with open(self.path("pid"), encoding="utf-8") as file:
            pid = int(file.read())
        shell.kill()
        shell.wait()
        self.until(lambda: not alive(pid))

    def test_a_restart_on_the_same_port_knows_nothing_and_says_that_versions_are_gone(self):
        version = self.ask("GET", PODS)[1]["metadata"]["resourceVersion"]
        self.server.kill()
        self.server.wait()
        os.unlink(self.path("ready"))
        self.server = self.start("--port", self.address.rpartition(":")[2])
        self.wait_ready()
        line = self.send(self.connect(), "GET", f"{PODS}?watch=1&resourceVersion={version}").readline()
        self.assertEqual(json.loads(line)["object"]["reason"], "Expired")

    def test_a_port_that_is_taken_is_said(self):
        port = self.address.rpartition(":")[2]
        second = subprocess.run([sys.executable, KUBESIM, "--port", port],
                                capture_output=True, text=True, check=False, timeout=20)
        self.assertEqual(second.returncode, 1)
        self.assertIn("address already in use", second.stderr)


if __name__ == "__main__":
    signal.alarm(300)
    unittest.main()
