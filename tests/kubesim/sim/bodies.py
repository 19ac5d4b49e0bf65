"""Requests' bodies and parameters: what they must look like, and what is said when they do not."""
import json
import re

from . import schema, validation
from .resources import ApiError, bad_request, invalid, unsupported_media_type

MERGE = "application/merge-patch+json"
STRICT_SINCE = 25  # 1.25: fieldValidation


def parse(request, kind):
    """The object in a request's body, as JSON."""
    if request.headers.get("content-type", "application/json").partition(";")[0] not in ("application/json", MERGE):
        raise unsupported_media_type()
    try:
        item = json.loads(request.body)
    except ValueError as error:
        raise bad_request(f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse "
                          f"error: {error} ({request.body[:20].hex() or '<empty>'})") from None
    if not isinstance(item, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse "
                          f"error: json: cannot unmarshal into a Go struct ({request.body[:20].hex()})")
    return item


def decode(request, resource, item, minor):
    """Checks kind, types and unknown fields. Returns the warnings to send along."""
    kind, version = item.get("kind") or resource.kind, item.get("apiVersion") or resource.api_version
    if (kind, version) != (resource.kind, resource.api_version):
        raise bad_request(f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a {resource.kind}: no kind '
                          f'"{kind}" is registered for version "{version}" in scheme "kubesim"')
    unknown = [f'unknown field "{path}"' for path in schema.decode(resource.kind, item)]
    mode = request.query.get("fieldValidation", "Warn")
    if minor < STRICT_SINCE or not unknown or mode == "Ignore":
        return []
    if mode == "Strict":
        raise schema.cannot_be_handled(resource.kind, "strict decoding error: " + ", ".join(unknown))
    return [("Warning", "299 - " + json.dumps(text)) for text in unknown]


def dry_run(options, value):
    """Whether nothing is to be written: what `dryRun` of these options says."""
    if value in (None, [], ""):
        return False
    values = value if isinstance(value, list) else [value]
    if values != ["All"]:
        text = 'Unsupported value: []string{%s}: supported values: "All"' % ", ".join(f'"{word}"' for word in values)
        raise invalid(f'{options}.meta.k8s.io ""', {"group": "meta.k8s.io", "kind": options},
                      [("FieldValueNotSupported", "dryRun", text)])
    return True


def integer(request, name, default):
    """A number among the request's parameters."""
    text = request.query.get(name, "")
    if not re.fullmatch(r"-?\d+|", text):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text) if text else default


def version_of(request):
    """The resourceVersion that was asked for; 0: none."""
    text = request.query.get("resourceVersion", "")
    if not re.fullmatch(r"\d*", text):
        raise ApiError(500, None, f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax')
    return int(text) if text else 0


def check_options(options):
    """Of a deletion."""
    policy = options.get("propagationPolicy")
    if policy not in (None, "Foreground", "Background", "Orphan"):
        raise invalid('DeleteOptions.meta.k8s.io ""', {"group": "meta.k8s.io", "kind": "DeleteOptions"}, [
            validation.supported("propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"])])


def merge(item, patch):
    """JSON merge patch, RFC 7396. Changes and returns `item`."""
    for key, value in patch.items():
        if value is None:
            item.pop(key, None)
        elif isinstance(value, dict):
            item[key] = merge(item[key] if isinstance(item.get(key), dict) else {}, value)
        else:
            item[key] = value
    return item
