"""What fields the objects have, and of what types: to refuse what the API server cannot decode.

Complete for Jobs, pod specs and containers down to the fields below; the insides of what is marked ANY (probes, affinity,
volume sources, security contexts ...) are not looked into.
"""
import re

from .resources import bad_request
from .validation import quantity

ANY, STRING, BOOL, INT32, INT64 = "any", "string", "bool", "int32", "int64"
TIME, MICRO_TIME, QUANTITY = "time", "microtime", "quantity"
QUANTITY_PATTERN = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
MICRO_TIME_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"


class Struct:
    def __init__(self, name, go_type, /, **fields):
        self.name, self.go_type, self.fields = name, go_type, fields


class Map:
    def __init__(self, of, go_type="map[string]string"):
        self.of, self.go_type = of, go_type


class Seq:
    def __init__(self, of, go_type):
        self.of, self.go_type = of, go_type


def fields(text, kind):
    return dict.fromkeys(text.split(), kind)


STRINGS, NAMES = Map(STRING), Seq(STRING, "[]string")
META = Struct("ObjectMeta", "v1.ObjectMeta", **fields("name generateName namespace selfLink uid resourceVersion", STRING),
              generation=INT64, creationTimestamp=TIME, deletionTimestamp=TIME, deletionGracePeriodSeconds=INT64,
              labels=STRINGS, annotations=STRINGS, finalizers=NAMES,
              ownerReferences=Seq(Struct("OwnerReference", "v1.OwnerReference", **fields("apiVersion kind name uid", STRING),
                                         **fields("controller blockOwnerDeletion", BOOL)), "[]v1.OwnerReference"),
              managedFields=ANY)
QUANTITIES = Map(QUANTITY, "v1.ResourceList")
RESOURCES = Struct("ResourceRequirements", "v1.ResourceRequirements", limits=QUANTITIES, requests=QUANTITIES, claims=ANY)
ENV = Struct("EnvVar", "v1.EnvVar", name=STRING, value=STRING, valueFrom=ANY)
MOUNT = Struct("VolumeMount", "v1.VolumeMount", **fields("name mountPath subPath mountPropagation subPathExpr", STRING),
               readOnly=BOOL)
PORT = Struct("ContainerPort", "v1.ContainerPort", **fields("name protocol hostIP", STRING),
              **fields("hostPort containerPort", INT32))
CONTAINER = Struct(
    "Container", "v1.Container",
    **fields("name image workingDir terminationMessagePath terminationMessagePolicy imagePullPolicy restartPolicy", STRING),
    **fields("stdin stdinOnce tty", BOOL), command=NAMES, args=NAMES, env=Seq(ENV, "[]v1.EnvVar"), resources=RESOURCES,
    volumeMounts=Seq(MOUNT, "[]v1.VolumeMount"), ports=Seq(PORT, "[]v1.ContainerPort"),
    **fields("envFrom resizePolicy volumeDevices livenessProbe readinessProbe startupProbe lifecycle securityContext", ANY))
CONTAINERS = Seq(CONTAINER, "[]v1.Container")
TOLERATION = Struct("Toleration", "v1.Toleration", **fields("key operator value effect", STRING), tolerationSeconds=INT64)
VOLUME = Struct("Volume", "v1.Volume", name=STRING, **fields(
    "hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs persistentVolumeClaim rbd "
    "flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap vsphereVolume quobyte azureDisk "
    "photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral", ANY))
POD_SPEC = Struct(
    "PodSpec", "v1.PodSpec",
    **fields("restartPolicy dnsPolicy serviceAccountName serviceAccount nodeName hostname subdomain schedulerName "
             "priorityClassName runtimeClassName preemptionPolicy", STRING),
    **fields("automountServiceAccountToken hostNetwork hostPID hostIPC shareProcessNamespace enableServiceLinks "
             "setHostnameAsFQDN hostUsers", BOOL),
    **fields("terminationGracePeriodSeconds activeDeadlineSeconds", INT64), priority=INT32, nodeSelector=STRINGS,
    containers=CONTAINERS, initContainers=CONTAINERS, tolerations=Seq(TOLERATION, "[]v1.Toleration"),
    volumes=Seq(VOLUME, "[]v1.Volume"), overhead=QUANTITIES,
    **fields("securityContext imagePullSecrets affinity hostAliases dnsConfig readinessGates topologySpreadConstraints os "
             "schedulingGates resourceClaims ephemeralContainers", ANY))
TEMPLATE = Struct("PodTemplateSpec", "v1.PodTemplateSpec", metadata=META, spec=POD_SPEC)
JOB_SPEC = Struct(
    "JobSpec", "v1.JobSpec", **fields("parallelism completions backoffLimit ttlSecondsAfterFinished backoffLimitPerIndex "
                                      "maxFailedIndexes", INT32),
    activeDeadlineSeconds=INT64, **fields("manualSelector suspend", BOOL), **fields("completionMode podReplacementPolicy", STRING),
    **fields("selector podFailurePolicy", ANY), template=TEMPLATE)
LEASE_SPEC = Struct("LeaseSpec", "v1.LeaseSpec", holderIdentity=STRING, leaseDurationSeconds=INT32, acquireTime=MICRO_TIME,
                    renewTime=MICRO_TIME, leaseTransitions=INT32)
QUOTA_SPEC = Struct("ResourceQuotaSpec", "v1.ResourceQuotaSpec", hard=QUANTITIES, scopes=NAMES, scopeSelector=ANY)


def of_kind(kind, /, **parts):
    return Struct(kind, "v1." + kind, apiVersion=STRING, kind=STRING, metadata=META, **parts)


SCHEMAS = {
    "Job": of_kind("Job", spec=JOB_SPEC, status=ANY),
    "Pod": of_kind("Pod", spec=POD_SPEC, status=ANY),
    "Lease": of_kind("Lease", spec=LEASE_SPEC),
    "ResourceQuota": of_kind("ResourceQuota", spec=QUOTA_SPEC, status=ANY),
}
OTHER_PARTS = "spec status rules roleRef subjects secrets imagePullSecrets"


class Undecodable(Exception):
    pass


def decode(kind, item):
    """Raises what the server answers to a value of a wrong type. Takes out unknown fields, and returns their paths."""
    unknown = []
    try:
        walk(SCHEMAS.get(kind) or of_kind(kind, **fields(OTHER_PARTS, ANY)), item, None, "", "", unknown)
    except Undecodable as error:
        raise cannot_be_handled(kind, error) from None
    for _, within, key in unknown:
        del within[key]
    return [place for place, _, _ in unknown]


def cannot_be_handled(kind, why):
    return bad_request(f'{kind} in version "v1" cannot be handled as a {kind}: {why}')


def walk(schema, value, struct, path, place, unknown):
    """`path` is the decoder's (without indices), `place` the one for people (with them)."""
    if value is None or schema == ANY:
        return
    if isinstance(schema, (Struct, Map)):
        expect(isinstance(value, dict), schema.go_type, value, struct, path)
        for key, inner in value.items():
            below = f"{place}.{key}" if place else key
            if isinstance(schema, Map):
                walk(schema.of, inner, struct, path, below, unknown)
            elif key in schema.fields:
                walk(schema.fields[key], inner, schema, f"{path}.{key}" if path else key, below, unknown)
            else:
                unknown.append((below, value, key))
    elif isinstance(schema, Seq):
        expect(isinstance(value, list), schema.go_type, value, struct, path)
        for index, inner in enumerate(value):
            walk(schema.of, inner, struct, path, f"{place}[{index}]", unknown)
    else:
        scalar(schema, value, struct, path)


def scalar(schema, value, struct, path):
    if schema == BOOL:
        expect(isinstance(value, bool), "bool", value, struct, path)
    elif schema in (INT32, INT64):
        size = 2 ** 31 if schema == INT32 else 2 ** 63
        fits = isinstance(value, int) and not isinstance(value, bool) and -size <= value < size
        expect(fits, schema, value, struct, path, number=True)
    elif schema == QUANTITY:
        try:
            quantity(value)
        except ValueError:
            raise Undecodable(f"quantities must match the regular expression '{QUANTITY_PATTERN}'") from None
    else:
        expect(isinstance(value, str), "string" if schema == STRING else "Time", value, struct, path)
        if schema == MICRO_TIME:
            micro_time(value)


def micro_time(value):
    match = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", value)
    rest = value[match.end():] if match else value
    if not re.match(r"\.\d{6}", rest):
        raise Undecodable(f'parsing time "{value}" as "{MICRO_TIME_LAYOUT}": cannot parse "{rest}" as ".000000"')
    if not re.fullmatch(r"Z|[-+]\d\d:\d\d", rest[7:]):
        raise Undecodable(f'parsing time "{value}" as "{MICRO_TIME_LAYOUT}": cannot parse "{rest[7:]}" as "Z07:00"')


def expect(fine, go_type, value, struct, path, number=False):
    if fine:
        return
    found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    if number and found == "number":
        found = f"number {value}"
    where = f"Go struct field {struct.name}.{path}" if struct else "Go value"
    raise Undecodable(f"json: cannot unmarshal {found} into {where} of type {go_type}")
