"""Label and field selectors."""
import re

from .resources import bad_request

TERM = re.compile(r"\s*(?:"
                  r"(?P<not>!)\s*(?P<absent>[^\s=!,()]+)"
                  r"|(?P<set>[^\s=!,()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)"
                  r"|(?P<key>[^\s=!,()]+)\s*(?P<eq>==|=|!=)\s*(?P<value>[^\s=!,()]*)"
                  r"|(?P<exists>[^\s=!,()]+)"
                  r")\s*(?:,|$)")


def label_selector(text):
    """A predicate over labels."""
    tests, at = [], 0
    while at < len(text):
        match = TERM.match(text, at)
        if not match or match.end() == at:
            raise bad_request(f"unable to parse requirement: {text[at:].strip()!r}")
        tests.append(requirement(match))
        at = match.end()
    return lambda labels: all(test(labels) for test in tests)


def requirement(match):
    if match["absent"]:
        return lambda labels: match["absent"] not in labels
    if match["exists"]:
        return lambda labels: match["exists"] in labels
    if match["op"]:
        values = {value.strip() for value in match["values"].split(",")}
        wanted = match["op"] == "in"
        return lambda labels: (labels.get(match["set"]) in values) == wanted
    wanted = match["eq"] != "!="
    return lambda labels: (labels.get(match["key"]) == match["value"]) == wanted


def field_selector(resource, text):
    """A predicate over objects."""
    tests = []
    for term in filter(None, text.split(",")):
        match = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", term)
        if not match:
            raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
        if match[1] not in resource.fields:
            kind = f"{resource.api_version.replace('/', '')}.{resource.kind}"
            said = (f"field label not supported: {match[1]}" if resource.kind == "Event"
                    else f'field label "{match[1]}" not supported for {kind}')
            raise bad_request(said)
        tests.append((match[1].split("."), match[2] != "!=", match[3]))
    return lambda item: all((field(item, path) == value) == wanted for path, wanted, value in tests)


def field(item, path):
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return "" if item is None else str(item)


def selection(resource, query):
    """What a list or watch with this query shows."""
    labels = label_selector(query.get("labelSelector", ""))
    fields = field_selector(resource, query.get("fieldSelector", ""))
    return lambda item: labels(item["metadata"].get("labels") or {}) and fields(item)
