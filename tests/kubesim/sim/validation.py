"""What the API server checks in the objects it has decoded. Each function returns (reason, field, message) triples.

The words are a real server's (recorded from 1.20); the suite in tests/integration/kube compares the two.
"""
import json
import re

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
NAME_PART = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
VALUE = rf"({NAME_PART})?"
ENV_NAME = r"[-._a-zA-Z][-._a-zA-Z0-9]*"
STANDARD_RESOURCES = {"cpu", "memory", "ephemeral-storage"}
UNITS = {"": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
         "Ki": 2 ** 10, "Mi": 2 ** 20, "Gi": 2 ** 30, "Ti": 2 ** 40, "Pi": 2 ** 50, "Ei": 2 ** 60}
SUBDOMAIN_TEXT = ("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
                  f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')")
LABEL_TEXT = ("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
              f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')")
NAME_TEXT = ("name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
             f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{NAME_PART}')")
VALUE_TEXT = ("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
              "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
              f"'{VALUE}')")
ENV_TEXT = ("a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start "
            f"with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '{ENV_NAME}')")


def quantity(text):
    """The number a resource quantity stands for; ValueError if it is none."""
    match = re.fullmatch(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)([numkMGTPE]?i?)", str(text))
    if not match or match[2] not in UNITS:
        raise ValueError(f"not a quantity: {text!r}")
    return float(match[1]) * UNITS[match[2]]


def wrong(field, value, why):
    return "FieldValueInvalid", field, f"Invalid value: {json.dumps(value)}: {why}"


def required(field, why=""):
    return "FieldValueRequired", field, "Required value" + (": " + why if why else "")


def supported(field, value, allowed):
    listed = ", ".join(json.dumps(word) for word in allowed)
    return "FieldValueNotSupported", field, f"Unsupported value: {json.dumps(value)}: supported values: {listed}"


def too_long(field, value, most):
    return [wrong(field, value, f"must be no more than {most} characters")] if len(value) > most else []


def not_negative(spec, names, at):
    return [wrong(f"{at}.{name}", spec[name], "must be greater than or equal to 0")
            for name in names if (spec.get(name) or 0) < 0]


# Names and labels


def subdomain(field, value):
    bad = [] if re.fullmatch(SUBDOMAIN, value) else [wrong(field, value, SUBDOMAIN_TEXT)]
    return too_long(field, value, 253) + bad


def dns_label(field, value):
    return too_long(field, value, 63) + ([] if re.fullmatch(LABEL, value) else [wrong(field, value, LABEL_TEXT)])


def qualified_name(field, value):
    """prefix/name, as the keys of labels and annotations are."""
    prefix, slash, name = value.rpartition("/")
    errors = []
    if slash and not re.fullmatch(SUBDOMAIN, prefix):
        errors.append(wrong(field, value, "prefix part " + SUBDOMAIN_TEXT))
    if len(name) > 63:
        errors.append(wrong(field, value, "name part must be no more than 63 characters"))
    if not re.fullmatch(NAME_PART, name):
        errors.append(wrong(field, value, NAME_TEXT))
    return errors


def label_value(field, value):
    return too_long(field, value, 63) + ([] if re.fullmatch(VALUE, value) else [wrong(field, value, VALUE_TEXT)])


def labels(field, found):
    return [error for key, value in (found or {}).items() for error in qualified_name(field, key) + label_value(field, value)]


def metadata(meta, name_rule=subdomain):
    errors = []
    if not meta.get("name"):
        errors.append(required("metadata.name", "name or generateName is required"))
    else:
        errors += name_rule("metadata.name", meta["name"])
    errors += labels("metadata.labels", meta.get("labels"))
    for key in meta.get("annotations") or {}:
        errors += qualified_name("metadata.annotations", key.lower())
    for index, name in enumerate(meta.get("finalizers") or []):
        if "/" not in name and name not in ("orphan", "foregroundDeletion", "kubernetes"):
            errors.append(wrong(f"metadata.finalizers[{index}]", name,
                                "name is neither a standard finalizer name nor is it fully qualified"))
    return errors


# Jobs


def job(item):
    spec, at = item["spec"], "spec"
    template = spec["template"]
    errors = metadata(item["metadata"])
    errors += not_negative(spec, ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                                  "ttlSecondsAfterFinished"], at)
    if spec.get("userSelector"):  # set by defaults.py when the user wrote one
        errors.append(wrong("spec.selector", spec["userSelector"], "`selector` not auto-generated"))
    errors += labels("spec.template.labels", template["metadata"].get("labels"))
    errors += pod_spec(template["spec"], "spec.template.spec")
    policy, field = template["spec"].get("restartPolicy"), "spec.template.spec.restartPolicy"
    if policy in (None, "", "Always"):
        errors.append(required(field, 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        errors.append(supported(field, policy, ["OnFailure", "Never"]))
    return errors


def pod_spec(spec, at):
    volumes = {volume.get("name") for volume in spec.get("volumes") or []}
    errors = [] if spec.get("containers") else [required(at + ".containers")]
    names = set()
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field) or []):
            errors += container_errors(container, f"{at}.{field}[{index}]", names, volumes)
    policy = spec.get("restartPolicy")
    if policy and policy not in ("Always", "OnFailure", "Never"):
        errors.append(supported(at + ".restartPolicy", policy, ["Always", "OnFailure", "Never"]))
    errors += not_negative(spec, ["terminationGracePeriodSeconds"], at)
    errors += labels(at + ".nodeSelector", spec.get("nodeSelector"))
    for index, toleration in enumerate(spec.get("tolerations") or []):
        errors += toleration_errors(toleration, f"{at}.tolerations[{index}]")
    return errors


def container_errors(container, at, names, volumes):
    errors, name = [], container.get("name")
    if not name:
        errors.append(required(at + ".name"))
    elif name in names:
        errors.append(("FieldValueDuplicate", at + ".name", f"Duplicate value: {json.dumps(name)}"))
    else:
        errors += dns_label(at + ".name", name)
    names.add(name)
    if not container.get("image"):
        errors.append(required(at + ".image"))
    pull = container.get("imagePullPolicy")
    if pull and pull not in ("Always", "IfNotPresent", "Never"):
        errors.append(supported(at + ".imagePullPolicy", pull, ["Always", "IfNotPresent", "Never"]))
    for index, variable in enumerate(container.get("env") or []):
        field = f"{at}.env[{index}].name"
        if not variable.get("name"):
            errors.append(required(field))
        elif not re.fullmatch(ENV_NAME, variable["name"]):
            errors.append(wrong(field, variable["name"], ENV_TEXT))
    for index, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            errors.append(("FieldValueNotFound", f"{at}.volumeMounts[{index}].name", f"Not found: {json.dumps(mount.get('name'))}"))
    return errors + resource_errors(container.get("resources") or {}, at + ".resources")


def resource_errors(resources, at):
    errors = []
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for field, found in (("limits", limits), ("requests", requests)):
        for name, value in found.items():
            place = f"{at}.{field}[{name}]"
            if "/" not in name and name not in STANDARD_RESOURCES and not name.startswith("hugepages-"):
                errors.append(wrong(place, name, "must be a standard resource type or fully qualified"))
                errors.append(wrong(place, name, "must be a standard resource for containers"))
            if quantity(value) < 0:
                errors.append(wrong(place, str(value), "must be greater than or equal to 0"))
            if field == "requests" and name in limits and quantity(value) > quantity(limits[name]):
                errors.append(wrong(f"{at}.requests", str(value), f"must be less than or equal to {name} limit"))
    return errors


def toleration_errors(toleration, at):
    operator, effect = toleration.get("operator") or "Equal", toleration.get("effect")
    errors = [] if toleration.get("key") or operator == "Exists" else [
        wrong(at + ".operator", operator, "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")]
    if operator not in ("Equal", "Exists"):
        errors.append(supported(at + ".operator", operator, ["Equal", "Exists"]))
    elif operator == "Exists" and toleration.get("value"):
        errors.append(wrong(at + ".operator", toleration, "value must be empty when `operator` is 'Exists'"))
    if effect and effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
        errors.append(supported(at + ".effect", effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]))
    return errors


# Others


def lease(item):
    spec = item.get("spec") or {}
    errors = metadata(item["metadata"])
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        errors.append(wrong("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        errors.append(wrong("spec.leaseTransitions", transitions, "must be greater than or equal to 0"))
    return errors


RULES = {"Job": job, "Lease": lease, "Namespace": lambda item: metadata(item["metadata"], dns_label)}


def check(kind, item):
    return RULES.get(kind, lambda other: metadata(other["metadata"]))(item)
