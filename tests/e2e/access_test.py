#!/usr/bin/env python3
"""Rights that are missing, and a token that dies while the daemon uses it."""
import json
import os
import urllib.error

import harness
import installation
from installation import NAME, job, publish, scaler, until_soon


class AccessTest(installation.InstalledTest, harness.DaemonTest):
    NAMESPACE = "access"

    @classmethod
    def scalers(cls):
        return [scaler("idle", job("idle", cls.report), 1)]

    def setUp(self):
        installation.InstalledTest.setUp(self)

    def test_a_verb_that_the_role_lacks_is_told_by_name_at_the_start(self):
        rules = json.loads(self.installation.kubectl("get", "role", NAME, "--output", "json"))["rules"]
        rules[0]["verbs"].remove("delete")
        self.installation.patch("role", NAME, {"rules": rules})
        self.installation.kubectl("delete", "pods", "--selector", installation.DAEMON)
        self.installation.wait_until_says(
            "ERROR", f"permission delete jobs.batch: not granted in namespace {self.namespace}; add it to the Role")
        self.assertEqual(len(self.installation.lines("permission ")), 1)

    def new_token(self, secret):
        """Of the ServiceAccount; dies with the Secret."""
        self.installation.kubectl("create", "secret", "generic", secret)
        uid = self.installation.call("GET", "secrets", secret)["metadata"]["uid"]
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                "spec": {"expirationSeconds": 3600, "boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": secret, "uid": uid}}}
        return self.installation.call("POST", "serviceaccounts", NAME, "token", body=body)["status"]["token"]

    def write_token(self, token):
        file = os.path.join(self.scratch, "token")
        with open(file + ".new", "w", encoding="utf-8") as out:
            out.write(token)
        os.rename(file + ".new", file)
        return file

    def is_accepted(self, token):
        api = installation.Api(os.environ["KUBECONFIG"])
        api.headers = {"Authorization": "Bearer " + token}
        try:
            return bool(api.call("GET", f"/apis/batch/v1/namespaces/{self.namespace}/jobs"))
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 401)
            return False

    def start_daemon(self, token_file):
        """On this machine, with the ServiceAccount's rights."""
        kubeconfig = self.installation.write("kubeconfig", {
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": self.api.cluster}], "users": [{"name": "it", "user": {"tokenFile": token_file}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it", "namespace": self.namespace}}]})
        config = installation.configuration([scaler("token", job("token", self.report), 1)])
        config["kubernetes"] = {"kubeconfig": kubeconfig, "namespace": self.namespace, "instance": "token"}
        return self.daemon(self.installation.write("token.yaml", config))

    def test_a_token_that_dies_is_told_and_its_successor_in_the_same_file_is_used(self):
        publish("token", 0, "0s")
        token = self.new_token("first")
        daemon = self.start_daemon(self.write_token(token))
        publish("token", 1, "100ms")
        self.until_processed(1)
        self.until_over("token")
        self.installation.kubectl("delete", "secret", "first")
        until_soon("the token is dead", lambda: not self.is_accepted(token))
        publish("token", 1, "100ms")
        daemon.wait_until_says("the API server does not accept our credentials (401)")
        self.assertEqual(sorted(self.history.workers("token")), [1])
        self.write_token(self.new_token("second"))
        self.until_processed(2)
        self.until_over("token")
        self.assertIsNone(daemon.process.poll())
        self.assert_promises_kept("token", most=1)


if __name__ == "__main__":
    installation.main()
