#!/usr/bin/python3
"""The JSON Schema and the parser give the same verdict on the same documents.

usage: schema_test.py CONFIG_PROBLEMS CONFIG_DIR
"""

import copy
import glob
import json
import os
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: needs python3-jsonschema and python3-yaml ({missing})")
    sys.exit(77)

BASE = """
connections:
  rabbit:
    rabbitmq: {host: rabbit, username: scaler, password: {env: P}, management: "http://rabbit:15672"}
  events:
    kafka: {bootstrapServers: kafka:9092}
nodeGroups: [{name: default}]
scalers:
  - name: orders
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0, oldestAbove: 5m}
    workers: {max: 5}
    job: {template: {metadata: {}, spec: {containers: [{name: worker, image: "worker:1"}]}}}
  - name: clicks
    kafka: {connection: events, group: writers, topics: [clicks]}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: {template: {spec: {containers: [{name: worker, image: "worker:1"}]}}}
"""
SASL = {"mechanism": "PLAIN", "username": "u", "password": {"env": "P"}}
ABSENT = object()
RABBIT = "connections rabbit rabbitmq"
KAFKA = "connections events kafka"
SOURCE = "scalers 1 kafka"
GROUP = "nodeGroups 0"
SCALER = "scalers 0"
JOB = "scalers 0 job"
POD = "scalers 0 job template spec"
WORKER = "scalers 0 job template spec containers 0"

# Where in BASE, and what is put there. Both take the good and refuse the bad.
GOOD = [
    ("", {}),
    ("pollInterval", "100ms"),
    ("pollInterval", "1m30s"),
    ("kubernetes", {"namespace": "a", "kubeconfig": "/k", "context": "c", "instance": "i", "timeout": "1s"}),
    ("kubernetes", {}),
    (RABBIT + " host", "10.0.0.1"),
    (RABBIT + " host", "::1"),
    (RABBIT + " host", "a_b.example.com"),
    (RABBIT + " port", 65535),
    (RABBIT + " vhost", "/a b"),
    (RABBIT + " password", {"file": "/x"}),
    (RABBIT, {"host": "rabbit"}),
    (RABBIT, {"host": "rabbit", "username": "guest"}),
    (RABBIT + " management", "https://rabbit:15671/prefix%20a/"),
    (RABBIT + " management", "http://rabbit"),
    (RABBIT + " tls", True),
    (RABBIT + " tls", False),
    (RABBIT + " tls", {}),
    (RABBIT + " tls", {"ca": "a", "certificate": "b", "key": "c", "verify": False}),
    (RABBIT + " timeout", "2s"),
    (KAFKA + " bootstrapServers", "kafka"),
    (KAFKA + " bootstrapServers", "a:9092, [::1]:9092,10.0.0.1:9092"),
    (KAFKA + " bootstrapServers", ["a:9092", "[::1]:9092"]),
    (KAFKA + " tls", True),
    (KAFKA + " tls", {"ca": "a", "certificate": "b", "key": "c", "verify": False}),
    (KAFKA + " sasl", SASL),
    (KAFKA + " sasl", {**SASL, "mechanism": "SCRAM-SHA-512", "password": {"file": "/x"}}),
    (KAFKA + " properties", {}),
    (KAFKA + " properties", {"client.id": "mine", "socket.keepalive.enable": True, "metadata.max.age.ms": 5000, "x": 0.5, "y": ""}),
    (KAFKA + " timeout", "2s"),
    ("nodeGroups", ABSENT),
    (GROUP, {"name": "default", "window": 1000, "maxWorkers": 100000, "nodeTimeout": "1h"}),
    (GROUP + " nodeSelector", {"a": "", "example.com/b": "c.d_e-f"}),
    (GROUP + " nodeSelector", {}),
    (GROUP + " tolerations", [{"operator": "Exists"}, {"key": "a", "value": "b"}]),
    (GROUP + " tolerations", [{"key": "a", "effect": "NoExecute", "tolerationSeconds": 0}]),
    (GROUP + " tolerations", [{"key": "a", "operator": "Exists", "value": ""}]),
    (SCALER + " name", "o" * 46),
    (SCALER + " paused", True),
    (SCALER + " mode", "observe"),
    (SCALER + " pollInterval", "1h"),
    (SCALER + " rabbitmq age", "arrivals"),
    (SCALER + " rabbitmq queue", "q" * 255),
    (SCALER + " rabbitmq queue", "010"),
    (SOURCE + " group", "a group"),
    (SOURCE + " topics", ["t" * 249, "a.b-c_D", "..."]),
    (SOURCE + " whenNoOffset", "latest"),
    (SOURCE + " isolationLevel", "read_uncommitted"),
    (SOURCE + " limitTo", "partitions"),
    (SCALER + " scaleUp", {"oldestAbove": "0s"}),
    (SCALER + " scaleUp", {"messagesAbove": 1000000000000, "settle": "0s"}),
    (SCALER + " workers", {"min": 5, "max": 100000, "messagesPerWorker": 1, "nodeGroups": ["default"],
                           "readyTimeout": "5m", "stuckAfter": "0s", "stuckKeep": "720h"}),
    (JOB + " completions", 1),
    (JOB + " suspend", False),
    (JOB + " manualSelector", False),
    (JOB + " ttlSecondsAfterFinished", 600),
    (JOB + " somethingNew", {"a": [1, None, 0.5]}),
    (JOB + " template metadata", {"labels": {"app": "x", "none": None}, "annotations": None}),
    (POD + " restartPolicy", "OnFailure"),
    (POD + " initContainers", []),
    (WORKER + " command", ["a", "5"]),
    (WORKER + " env", [{"name": "A", "value": "yes"}, {"name": "B", "value": None}, {"name": "C"}]),
]

BAD = [
    ("", []),
    ("pollInterval", 5),
    ("pollInterval", "5"),
    ("pollInterval", ""),
    ("pollInterval", "1m1h"),
    ("pollInterval", "1.5h"),
    ("pollInterval", None),
    ("kafka", {}),
    ("kubernetes", None),
    ("kubernetes", {"namespace": "A"}),
    ("kubernetes", {"namespce": "a"}),
    ("connections", ABSENT),
    ("connections", {}),
    ("connections", []),
    ("connections Rabbit", {"rabbitmq": {"host": "a"}}),
    ("connections rabbit", {}),
    ("connections rabbit", {"kafka": {}}),
    ("connections events rabbitmq", {"host": "rabbit"}),
    (KAFKA + " bootstrapServers", ABSENT),
    (KAFKA + " bootstrapServers", ""),
    (KAFKA + " bootstrapServers", "a:9092,"),
    (KAFKA + " bootstrapServers", "PLAINTEXT://a:9092"),
    (KAFKA + " bootstrapServers", "::1"),
    (KAFKA + " bootstrapServers", []),
    (KAFKA + " bootstrapServers", ["a,b"]),
    (KAFKA + " bootstrapServers", [5]),
    (KAFKA + " tls", "true"),
    (KAFKA + " tls", {"certificate": "a"}),
    (KAFKA + " sasl", {}),
    (KAFKA + " sasl", {**SASL, "mechanism": "AWS_MSK_IAM"}),
    (KAFKA + " sasl", {**SASL, "username": ""}),
    (KAFKA + " sasl", {**SASL, "password": "hunter2"}),
    (KAFKA + " properties", []),
    (KAFKA + " properties", {"client.id": None}),
    (KAFKA + " properties", {"client.id": ["a"]}),
    (KAFKA + " properties", {"client.id": "a\nb"}),
    (KAFKA + " brokers", "a:9092"),
    (RABBIT + " host", ABSENT),
    (RABBIT + " host", "amqp://rabbit"),
    (RABBIT + " host", "rabbit:5672"),
    (RABBIT + " host", ""),
    (RABBIT + " port", 0),
    (RABBIT + " port", 65536),
    (RABBIT + " port", "5672"),
    (RABBIT + " port", 5672.5),
    (RABBIT + " vhost", ""),
    (RABBIT + " vhost", 5),
    (RABBIT + " username", "u" * 256),
    (RABBIT + " password", ABSENT),
    (RABBIT + " password", "hunter2"),
    (RABBIT + " password", {}),
    (RABBIT + " password", {"file": "a", "env": "b"}),
    (RABBIT + " password", {"env": "1a"}),
    (RABBIT + " management", "rabbit:15672"),
    (RABBIT + " management", "http://u:p@rabbit"),
    (RABBIT + " management", "http://rabbit?q"),
    (RABBIT + " management", "http://[::1]:15672"),
    (RABBIT + " management", "http://rabbit/%zz"),
    (RABBIT + " management", "http://rabbit/a%4"),
    (RABBIT + " tls", "true"),
    (RABBIT + " tls", {"certificate": "a"}),
    (RABBIT + " tls", {"key": "a"}),
    (RABBIT + " tls", {"ca": ""}),
    (RABBIT + " tls", {"verify": 1}),
    ("nodeGroups", []),
    ("nodeGroups", ["default"]),
    (GROUP + " name", ABSENT),
    (GROUP + " window", 0),
    (GROUP + " window", 1001),
    (GROUP + " maxWorkers", 0),
    (GROUP + " nodeSelector", {"a": 1}),
    (GROUP + " nodeSelector", {"a b": "x"}),
    (GROUP + " nodeSelector", {"a": "x y"}),
    (GROUP + " tolerations", []),
    (GROUP + " tolerations", [{}]),
    (GROUP + " tolerations", [{"key": "a", "operator": "exists"}]),
    (GROUP + " tolerations", [{"operator": "Exists", "value": "b"}]),
    (GROUP + " tolerations", [{"key": "a", "tolerationSeconds": 5}]),
    ("scalers", ABSENT),
    ("scalers", []),
    (SCALER + " name", "o" * 47),
    (SCALER + " name", "Orders"),
    (SCALER + " name", "orders-"),
    (SCALER + " paused", "yes"),
    (SCALER + " mode", "on"),
    (SCALER + " rabbitmq", ABSENT),
    (SCALER + " rabbitmq connection", ABSENT),
    (SCALER + " rabbitmq queue", ""),
    (SCALER + " rabbitmq queue", 5),
    (SCALER + " rabbitmq queue", "a\tb"),
    (SCALER + " rabbitmq age", "bond"),
    (SCALER + " kafka", {"connection": "events", "group": "g", "topics": ["t"]}),
    (SOURCE, ABSENT),
    (SOURCE + " connection", ABSENT),
    (SOURCE + " group", ABSENT),
    (SOURCE + " group", ""),
    (SOURCE + " topics", ABSENT),
    (SOURCE + " topics", []),
    (SOURCE + " topics", "clicks"),
    (SOURCE + " topics", ["a", "a"]),
    (SOURCE + " topics", ["^a.*"]),
    (SOURCE + " topics", [".."]),
    (SOURCE + " topics", ["t" * 250]),
    (SOURCE + " whenNoOffset", "none"),
    (SOURCE + " isolationLevel", "committed"),
    (SOURCE + " limitTo", 5),
    (SOURCE + " queue", "q"),
    (SCALER + " scaleUp", ABSENT),
    (SCALER + " scaleUp", {}),
    (SCALER + " scaleUp", {"settle": "1s"}),
    (SCALER + " scaleUp messagesAbove", -1),
    (SCALER + " workers", {}),
    (SCALER + " workers max", 0),
    (SCALER + " workers max", 100001),
    (SCALER + " workers min", -1),
    (SCALER + " workers messagesPerWorker", 0),
    (SCALER + " workers nodeGroups", []),
    (SCALER + " workers nodeGroups", ["default", "default"]),
    (JOB, ABSENT),
    (JOB, "run"),
    (JOB + " completions", 2),
    (JOB + " parallelism", 0),
    (JOB + " suspend", True),
    (JOB + " manualSelector", True),
    (JOB + " selector", {}),
    (JOB + " apiVersion", "batch/v1"),
    (JOB + " ttlSecondsAfterFinished", -1),
    (JOB + " template", {}),
    (JOB + " template metadata", {"labels": {"jobscaler.io/x": "y"}}),
    (JOB + " template metadata", {"labels": {"app.kubernetes.io/managed-by": "me"}}),
    (JOB + " template metadata", "name"),
    (JOB + " template metadata", {"annotations": {"a": 5}}),
    (POD + " restartPolicy", "Always"),
    (POD + " nodeSelector", {"a": True}),
    (POD + " containers", ABSENT),
    (POD + " containers", []),
    (POD + " containers", ["worker"]),
    (POD + " initContainers", [{}]),
    (WORKER + " name", ABSENT),
    (WORKER + " image", 5),
    (WORKER + " command", "run"),
    (WORKER + " args", [5]),
    (WORKER + " env", [{"name": "A", "value": 5}]),
    (WORKER + " env", ["A=5"]),
]

# What a schema cannot say, or not without a second list of what is refused: the parser alone refuses these.
PARSER_ONLY = [
    ("pollInterval", "2h"),
    (RABBIT + " port", 5672.0),
    (RABBIT + " management", "http://rabbit:99999"),
    (KAFKA + " bootstrapServers", "a:99999"),
    (KAFKA + " properties", {"group.id": "g"}),
    (KAFKA + " properties", {"security.protocol": "SSL"}),
    (SOURCE + " connection", "rabbit"),
    (GROUP + " nodeTimeout", "1ms"),
    (SCALER + " rabbitmq connection", "rabit"),
    (SCALER + " workers nodeGroups", ["spot"]),
    (SCALER + " workers min", 6),
    (SCALER + " rabbitmq age", "none"),
    (SCALER + " rabbitmq queue", "é" * 128),
    (JOB + " backoffLimit", float("inf")),
]


def patched(path, value):
    document = yaml.safe_load(BASE)
    steps = [int(step) if step.isdigit() else step for step in path.split()]
    if not steps:
        return document if value == {} else value
    parent = document
    for step in steps[:-1]:
        parent = parent[step]
    if value is ABSENT:
        del parent[steps[-1]]
    else:
        parent[steps[-1]] = copy.deepcopy(value)
    return document


def verdicts(problems_binary, texts):
    """True for each text that the parser takes, and what it says about it."""
    with tempfile.TemporaryDirectory() as directory:
        files = [os.path.join(directory, str(i)) for i in range(len(texts))]
        for file, text in zip(files, texts):
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
        said = subprocess.run([problems_binary, *files], capture_output=True, text=True, check=True).stdout
    by_file = {file: [] for file in files}
    for line in said.splitlines():
        by_file[line.partition(":")[0]].append(line.partition(":")[2])
    return [(by_file[file][-1] == " ok", by_file[file][:-1]) for file in files]


def schema_keys(schema, node, path, keys):
    """Every key the schema knows, by path, written as config_problems --keys writes them."""
    if "$ref" in node:
        node = schema["definitions"][node["$ref"].rpartition("/")[2]]
    for choice in node.get("oneOf", []):
        schema_keys(schema, choice, path, keys)
    if "items" in node:
        schema_keys(schema, node["items"], path + "[]", keys)
    if path == "connections":
        schema_keys(schema, node["additionalProperties"], path + ".*", keys)
    for key, child in node.get("properties", {}).items():
        keys.add(f"{path} {key}")
        if (path, key) != ("scalers[]", "job"):
            schema_keys(schema, child, f"{path}.{key}" if path else key, keys)


def main():
    problems_binary, config_dir = sys.argv[1:]
    with open(os.path.join(config_dir, "jobscaler.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failures = []

    cases = []
    for name in sorted(glob.glob("**/*.yaml", root_dir=config_dir, recursive=True)):
        with open(os.path.join(config_dir, name), encoding="utf-8") as file:
            cases.append((name, file.read(), True, True))
    tables = ((GOOD, True, True), (BAD, False, False), (PARSER_ONLY, True, False))
    for table, by_schema, by_parser in tables:
        for path, value in table:
            text = yaml.safe_dump(patched(path, value), allow_unicode=True)
            cases.append((f"{path} = {value!r}", text, by_schema, by_parser))

    answers = verdicts(problems_binary, [text for _, text, _, _ in cases])
    for (title, text, by_schema, by_parser), (taken, said) in zip(cases, answers):
        errors = [error.message for error in validator.iter_errors(yaml.safe_load(text))]
        if (not errors) != by_schema:
            failures.append(f"{title}: the schema {'takes' if not errors else 'refuses'} it {errors}")
        if taken != by_parser:
            failures.append(f"{title}: the parser {'takes' if taken else 'refuses'} it {said}")

    in_schema = set()
    schema_keys(schema, schema, "", in_schema)
    listed = subprocess.run([problems_binary, "--keys"], capture_output=True, text=True, check=True)
    in_parser = set(listed.stdout.splitlines())
    for key in sorted(in_parser - in_schema):
        failures.append(f"the parser knows a key that the schema does not: {key}")
    for key in sorted(in_schema - in_parser):
        failures.append(f"the schema knows a key that the parser does not: {key}")

    print("\n".join(failures) or f"{len(cases)} documents and {len(in_parser)} keys: no difference")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
