#!/usr/bin/env python3
"""Two daemons, one of which leads: frozen, killed or deleted while it starts workers."""
import os
import signal

import installation
from installation import NAME, job, publish, scaler, until_soon

MOST = 6


class TwoDaemonsTest(installation.InstalledTest):
    NAMESPACE = "two"
    VALUES = {"replicas": 2}

    @classmethod
    def scalers(cls):
        return [scaler(name, job(name, cls.report), MOST, messages_per_worker=2) for name in ("frozen", "killed", "deleted")]

    def holder(self):
        lease = self.api.call("GET", f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/jobscaler-{NAME}")
        return lease["spec"].get("holderIdentity")

    def leader(self):
        """The pod that leads; waits until one does and another does not."""
        def find():
            holder, daemons = self.holder(), self.installation.daemons()
            leaders = [pod for pod in daemons if f" as {holder}\n" in self.installation.log_of(pod)]
            return leaders if holder and len(leaders) == 1 and len(daemons) == 2 else None
        return until_soon("one daemon leads, and another one is there", find)[0]

    def ramp_up(self, name):
        """Until the ramp has begun. The messages processed before."""
        before = self.processed()
        publish(name, 30, "2s")
        self.until_ready(name, 1)
        return before

    def until_another_leads(self, leader):
        until_soon("another daemon leads", lambda: self.leader()["metadata"]["uid"] != leader["metadata"]["uid"])

    def finish(self, name, before):
        until_soon(f"{MOST} workers at once", lambda: self.history.peak(name) == MOST)
        self.until_processed(before + 30)
        self.until_over(name)
        self.assert_promises_kept(name, MOST)

    def test_the_other_acts_while_the_leader_is_frozen_which_creates_nothing_when_it_wakes_up(self):
        leader = self.leader()
        process = installation.process_of(leader)
        before = self.ramp_up("frozen")
        os.kill(process, signal.SIGSTOP)
        self.addCleanup(os.kill, process, signal.SIGCONT)
        self.until_another_leads(leader)
        os.kill(process, signal.SIGCONT)
        until_soon("the old one knows", lambda: "leads no more" in self.installation.log_of(leader))
        self.finish("frozen", before)

    def test_the_ramp_goes_on_when_the_leader_is_killed(self):
        before = self.ramp_up("killed")
        os.kill(installation.process_of(self.leader()), signal.SIGKILL)
        self.finish("killed", before)

    def test_a_leader_that_is_told_to_stop_hands_over(self):
        leader = self.leader()
        before = self.ramp_up("deleted")
        self.installation.kubectl("delete", "pod", leader["metadata"]["name"], "--wait=false")
        self.until_another_leads(leader)
        self.finish("deleted", before)


if __name__ == "__main__":
    installation.main()
