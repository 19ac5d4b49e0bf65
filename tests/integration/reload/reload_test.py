#!/usr/bin/env python3
"""The daemon while its configuration is edited, as the kubelet does it with a mounted ConfigMap."""
import copy
import json
import os
import signal
import subprocess

import harness

QUEUES = ("orders", "clicks", "invoices")
FOREVER = harness.timer_job(ready_after=0.01)


def scaler(name, most, queue=None, **settings):
    return {"name": name, "rabbitmq": {"connection": "rabbit", "queue": queue or name}, "scaleUp": {"messagesAbove": 0},
            "workers": {"max": most, "messagesPerWorker": 1}, "job": FOREVER, **settings}


class Mount:
    """A directory in which a ConfigMap is mounted: files are links into a linked directory that is swapped."""

    def __init__(self, directory):
        self.directory, self.versions = directory, 0
        os.mkdir(directory)
        self.file = os.path.join(directory, "config.yaml")
        os.symlink("..data/config.yaml", self.file)

    def swap(self, text):
        self.versions += 1
        version, link = f"..version-{self.versions}", os.path.join(self.directory, "..data_tmp")
        os.mkdir(os.path.join(self.directory, version))
        with open(os.path.join(self.directory, version, "config.yaml"), "w", encoding="utf-8") as out:
            out.write(text)
        os.symlink(version, link)
        os.rename(link, os.path.join(self.directory, "..data"))


class ReloadTest(harness.ChaosTest):
    """A daemon with one scaler `orders` of at most 2 workers, both ready, that never end."""

    def setUp(self):
        super().setUp()
        for queue in QUEUES:
            self.broker.request("PUT", f"/queues/%2F/{queue}", {"durable": True})
            self.broker.request("DELETE", f"/queues/%2F/{queue}/contents")
        self.sim = self.kubesim()
        self.mount = Mount(os.path.join(self.scratch, "mounted"))
        self.config = {
            "pollInterval": "200ms",
            "kubernetes": {"kubeconfig": self.sim.kubeconfig, "namespace": "default", "instance": harness.INSTANCE, "timeout": "2s"},
            "connections": {"rabbit": {"rabbitmq": {"host": "127.0.0.1", "port": self.broker.port}}},
            "scalers": [scaler("orders", 2)]}
        self.mount.swap(json.dumps(self.config))
        self.fill("orders")
        self.running = self.daemon(self.mount.file)
        self.running.wait_until_says("at_max: 2 of 2 workers")

    def fill(self, queue, messages=100):
        subprocess.run([os.environ["JOBSCALER_DEMO"], "publish", "--url", self.broker.url, "--queue", queue, "--count", str(messages)],
                       check=True, stdout=subprocess.DEVNULL)

    def swap(self, config, says, ask=True):
        """The edit, and what the daemon says to it. Without `ask` it has to find it by itself."""
        self.mount.swap(config if isinstance(config, str) else json.dumps(config))
        if ask:
            self.running.signal(signal.SIGHUP)
        self.running.wait_until_says(says)

    def edited(self, *scalers):
        config = copy.deepcopy(self.config)
        config["scalers"] = list(scalers)
        return config

    def unfinished(self, name="orders"):
        return self.sim.stats()["unfinished"].get(name, 0)

    def numbers(self, name):
        return sorted(int(job["metadata"]["labels"]["jobscaler.io/number"]) for job in self.sim.jobs()
                      if job["metadata"]["labels"]["jobscaler.io/scaler"] == name)

    def tearDown(self):
        """Whatever was edited, no worker was disturbed, and none created twice."""
        self.assertIsNone(self.running.process.poll())
        self.assertEqual([job["name"] for job in self.sim.times()["jobs"] if job["deleted"]], [])
        for name in QUEUES:
            self.assertEqual(self.numbers(name), list(range(1, len(self.numbers(name)) + 1)))

    def test_a_raised_maximum_is_found_by_the_daemon_itself_and_acted_on(self):
        self.swap(self.edited(scaler("orders", 4)), "INFO  jobscaler  configuration changed: orders: workers.max 2 -> 4", ask=False)
        self.running.wait_until_says("at_max: 4 of 4 workers")
        self.assertEqual(self.unfinished(), 4)

    def test_a_bad_edit_is_told_with_its_places_and_the_old_configuration_stays(self):
        self.swap(json.dumps(self.edited(scaler("orders", 0)), indent=1), "configuration not changed: 1 error; the one of ")
        self.assertIn("config.yaml:28:12: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found 0",
                      self.running.log())
        self.assertEqual(self.unfinished(), 2)
        self.swap(self.edited(scaler("orders", 3)), "configuration changed: orders: workers.max 2 -> 3")
        self.assertTrue(self.running.says("the configuration is in order again"))
        self.running.wait_until_says("at_max: 3 of 3 workers")

    def test_another_namespace_is_refused_with_all_of_the_edit(self):
        config = self.edited(scaler("orders", 4))
        config["kubernetes"]["namespace"] = "elsewhere"
        self.swap(config, "configuration not changed: kubernetes.namespace default -> elsewhere: needs a restart")
        config["kubernetes"]["namespace"] = "default"
        self.assertEqual(self.unfinished(), 2)
        self.swap(config, "configuration changed: orders: workers.max 2 -> 4")
        self.running.wait_until_says("at_max: 4 of 4 workers")

    def test_asked_for_by_sighup_a_look_is_told_of_though_nothing_has_changed(self):
        self.running.signal(signal.SIGHUP)
        self.running.wait_until_says("configuration read again: nothing changed")
        self.running.signal(signal.SIGHUP)
        self.running.wait_until_says("configuration read again: nothing changed", times=2)

    def test_a_new_scaler_begins(self):
        self.fill("clicks")
        self.swap(self.edited(scaler("orders", 2), scaler("clicks", 3)), "configuration changed: new scaler clicks")
        self.running.wait_until_says("at_max: 3 of 3 workers")
        self.assertEqual(self.unfinished("clicks"), 3)

    def test_a_removed_scalers_workers_stay_and_put_back_it_goes_on_with_its_numbers(self):
        self.fill("clicks")
        self.swap(self.edited(scaler("clicks", 1)), "configuration changed: scaler orders removed")
        self.running.wait_until_says("start clicks-1 (1 of 1)")
        self.assertEqual(self.unfinished(), 2)
        self.swap(self.edited(scaler("orders", 3)), "configuration changed: new scaler orders")
        self.running.wait_until_says("orders  found 2 workers: 2 ready")
        self.running.wait_until_says("start orders-3 (3 of 3)")
        self.assertEqual(self.unfinished("clicks"), 1)

    def test_an_observed_scaler_is_switched_on(self):
        self.fill("clicks")
        self.swap(self.edited(scaler("orders", 2), scaler("clicks", 3, mode="observe")), "would start clicks-1")
        self.assertEqual(self.unfinished("clicks"), 0)
        self.swap(self.edited(scaler("orders", 2), scaler("clicks", 3)), "configuration changed: clicks: mode observe -> scale")
        self.running.wait_until_says("at_max: 3 of 3 workers")

    def test_another_image_is_for_the_next_workers_alone(self):
        job = copy.deepcopy(FOREVER)
        job["template"]["spec"]["containers"][0]["image"] = "other"
        self.swap(self.edited(scaler("orders", 3, job=job)), "configuration changed: orders: workers.max 2 -> 3, job template")
        self.running.wait_until_says("at_max: 3 of 3 workers")
        images = {job["metadata"]["name"]: job["spec"]["template"]["spec"]["containers"][0]["image"] for job in self.sim.jobs()}
        self.assertEqual(images, {"orders-1": "none", "orders-2": "none", "orders-3": "other"})

    def test_a_template_that_was_refused_is_tried_at_once_when_it_is_mended(self):
        self.fill("clicks")
        job = copy.deepcopy(FOREVER)
        job["template"]["spec"]["containers"][0]["imagee"] = "other"
        self.swap(self.edited(scaler("orders", 2), scaler("clicks", 1, job=job)), "template_refused")
        self.swap(self.edited(scaler("orders", 2), scaler("clicks", 1)), "configuration changed: clicks: job template")
        self.running.wait_until_says("start clicks-1 (1 of 1)")

    def test_a_scaler_that_reads_another_queue_goes_by_that_one(self):
        self.swap(self.edited(scaler("orders", 4, queue="invoices")), "rabbitmq.queue orders -> invoices")
        self.running.wait_until_says("orders  below_threshold: 0 waiting")
        self.assertEqual(self.unfinished(), 2)
        self.fill("invoices")
        self.running.wait_until_says("at_max: 4 of 4 workers")

    def test_another_connection_is_taken_while_the_old_ones_broker_is_frozen(self):
        config = self.edited(scaler("orders", 3))
        config["connections"]["rabbit"]["rabbitmq"]["timeout"] = "1s"
        self.broker.freeze()
        self.running.wait_until_says("source_unavailable")
        self.swap(config, "configuration changed: connection rabbit: timeout 2s -> 1s")
        self.broker.repair()
        self.running.wait_until_says("at_max: 3 of 3 workers")

    def test_a_file_that_is_gone_and_comes_back_changes_nothing(self):
        data = os.path.join(self.mount.directory, "..data")
        os.rename(data, data + "_away")
        self.running.signal(signal.SIGHUP)
        self.running.wait_until_says("the file cannot be read: No such file or directory")
        os.rename(data + "_away", data)
        self.running.signal(signal.SIGHUP)
        self.running.wait_until_says("the configuration is in order again")
        self.assertEqual(self.unfinished(), 2)


if __name__ == "__main__":
    harness.main()
