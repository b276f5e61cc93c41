"""What schemathesis cannot know from docs/openapi.json: keys in bodies, users and flags that exist, bodies that are
compressed, and JSON within texts. It also counts what was sent: FUZZ_COUNTS names the file.

With FUZZ_KEYS=wrong every key is wrong or missing, and a request that is not refused is a failure.
"""

import atexit
import base64
import gzip
import json
import os
import re
import threading
import zlib
from collections import Counter
from urllib.parse import unquote

import schemathesis
from hypothesis import strategies as st

ARE_KEYS_WRONG = os.environ.get("FUZZ_KEYS") == "wrong"

# Few, so that requests meet what others stored; enough, so that none of them is throttled all the time.
USERS = [f"mira.holt-{number}" for number in range(40)]
DEVICES = [f"device-{number}" for number in range(40)]
FLAGS = ["button", "banner", "group", "holdout", "nobody", "backend", "fuzz-1", "fuzz-2", "fuzz-3", "fuzz é/?"]
VARIANTS = ["on", "off", "treatment"]
OPERATIONS = ["$set", "$setOnce", "$add", "$append", "$prepend", "$preInsert", "$postInsert", "$remove", "$unset", "$clearAll"]
PROPERTIES = ["plan", "age", "[Experiment] button", "$odd", ""]


def digest(value):
    """A number that is the same for the same value, in every process."""
    return zlib.crc32(repr(value).encode())


# ---- what is generated --------------------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
properties = st.dictionaries(st.sampled_from(PROPERTIES) | st.text(), values)
ids = {"user_id": st.sampled_from(USERS) | st.text() | scalars, "device_id": st.sampled_from(DEVICES) | st.text()}
users = st.fixed_dictionaries(
    {"user_id": ids["user_id"]},
    optional={"device_id": ids["device_id"], "user_properties": properties, "groups": properties},
)
operations = st.dictionaries(st.sampled_from(OPERATIONS), properties | scalars)
identifications = st.fixed_dictionaries(
    {"user_id": ids["user_id"]},
    optional={"device_id": ids["device_id"], "user_properties": properties | operations, "insert_id": st.text()},
)
flag_keys = st.lists(st.sampled_from(FLAGS) | st.text())


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


schemathesis.openapi.format("user-header", users.map(encoded))
schemathesis.openapi.format("flag-keys-header", flag_keys.map(encoded))
schemathesis.openapi.format("identification", (identifications | st.lists(identifications, min_size=1)).map(json.dumps))
schemathesis.openapi.format("options", st.dictionaries(st.just("min_id_length"), st.integers(0, 20) | scalars).map(json.dumps))


def known(names, schema):
    """One of these, or what the schema says."""
    return {"anyOf": [{"enum": names}, schema]}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    components = raw_schema["components"]
    for name, format in [("User", "user-header"), ("FlagKeysHeader", "flag-keys-header")]:
        components["parameters"][name]["schema"] = {"type": "string", "format": format}
    components["parameters"]["FlagKeys"]["schema"] = known(FLAGS + ["button,banner"], {"type": "string"})
    for name in ["Event", "User"]:
        fields = components["schemas"][name]["properties"]
        fields["user_id"] = known(USERS, fields["user_id"])
        fields["device_id"] = known(DEVICES, fields["device_id"])
    add_events(components["schemas"]["Event"])
    form = raw_schema["paths"]["/identify"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    for name in ["identification", "options"]:
        form["schema"]["properties"][name] = {"type": "string", "format": name}
    for item in raw_schema["paths"].values():
        for operation in [item, *(value for value in item.values() if isinstance(value, dict))]:
            for parameter in operation.get("parameters", []):
                add_known(parameter)


def add_events(event):
    """Exposures, and changes of properties by every operation."""
    event["properties"]["event_type"] = known(["Buy", "$exposure", "$identify"], event["properties"]["event_type"])
    exposure = {
        "type": "object",
        "properties": {"flag_key": known(FLAGS, {"type": "string"}), "variant": known(VARIANTS, {})},
    }
    event["properties"]["event_properties"] = {"anyOf": [exposure, event["properties"]["event_properties"]]}
    changes = {"type": "object", "properties": {name: {"type": "object"} for name in OPERATIONS}}
    event["properties"]["user_properties"] = {"anyOf": [changes, event["properties"]["user_properties"]]}


def add_known(parameter):
    names = {
        "user_id": USERS,
        "device_id": DEVICES,
        "event_type": ["Buy", "$identify", "[Experiment] Exposure", "[Experiment] Assignment"],
        "flag_key": FLAGS,
        "variant": VARIANTS,
        "key": FLAGS,
        "name": [f"[Experiment] {flag}" for flag in FLAGS],
    }
    if parameter.get("name") in names and "schema" in parameter:
        parameter["schema"] = known(names[parameter["name"]], parameter["schema"])


# ---- what is sent -------------------------------------------------------------------------------------------------


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        correct(case, case.body)
    if ARE_KEYS_WRONG:
        send_wrong_key(case)
    elif case.operation.path.startswith("/v1/") and digest(case.query) % 2 == 0:
        case.headers = {**(case.headers or {}), "Authorization": "Api-Key server-key"}


def correct(case, body):
    """What must fit to something else for a request to be good, in most requests."""
    if isinstance(body.get("api_key"), str) and not ARE_KEYS_WRONG:
        body["api_key"] = "shop-api-key"
    if "identification" in body and digest(body) % 8 != 0:
        without(case, "content-encoding")
    if isinstance(body.get("key"), str) and digest(body) % 8 != 0:
        body["key"] = unquote(str(case.path_parameters.get("key", "")))
    if isinstance(body.get("deployments"), list) and digest(body) % 2 == 0:
        body["deployments"] = ["client-key", "shop-backend"]


def send_wrong_key(case):
    keys = [None, None, None, "Bearer shop-api-key", "Api-Key shop-admin-key", "Api-Key wrong", "Basic YTpi", "Bearer wrong"]
    key = keys[digest((case.headers, case.query, case.path_parameters)) % len(keys)]
    without(case, "authorization")
    if key is not None:
        case.headers = {**case.headers, "Authorization": key}


def without(case, header):
    case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() != header}


@schemathesis.serializer("application/json")
def compressed(context, value):
    """JSON, compressed if its header says so; some of it is not, as a sender might be wrong."""
    if isinstance(value, bytes):
        return value
    number = digest(value)
    text = odd(json.dumps(value, ensure_ascii=number % 2 == 0).encode(errors="replace"), number // 2 % 16)
    coding = str((context.case.headers or {}).get("content-encoding", "")).lower()
    return gzip.compress(text) if coding in ("gzip", "x-gzip") and number % 8 != 0 else text


def odd(text, kind):
    """For a quarter of the kinds: what Python's values cannot say."""
    odds = {
        0: (rb'": -?[0-9.]+', b'": 1e400'),
        1: (rb'": "(?!shop-api)', rb'": "\\ud83d'),
        2: (rb'": "(?!shop-api)', b'": "\xff'),
        3: (rb"\{\}", b"[" * 70 + b"]" * 70),
    }
    return re.sub(*odds[kind], text) if kind in odds else text


@schemathesis.deserializer("application/jsonl")
def lines(context, response):
    # An answer ends with a line's end.
    for line in response.text.split("\n")[:-1]:
        if "event_type" not in json.loads(line):
            raise ValueError("a line is no event")
    return response.text


# ---- what is checked and counted ----------------------------------------------------------------------------------


@schemathesis.check
def refused_without_a_key(ctx, response, case):
    needs_key = case.operation.path not in ("/livez", "/readyz", "/healthz") and response.request.method != "OPTIONS"
    if ARE_KEYS_WRONG and needs_key and response.status_code < 400:
        raise AssertionError(f"A request without a right key was answered with {response.status_code}")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """A control character in a header is no HTTP: the connection answers it, with no body."""
    values = response.request.headers.values()
    sent = "".join(value.decode("latin-1") if isinstance(value, bytes) else value for value in values)
    is_of_connection = response.status_code == 400 and response.content == b"" and "x-request-id" not in response.headers
    return not (is_of_connection and re.search(r"[\x00-\x08\x0a-\x1f\x7f]", sent))


counts = Counter()
lock = threading.Lock()


@schemathesis.hook
def after_call(context, case, response):
    path = case.operation.path
    with lock:
        counts[f"{response.request.method} {path}\t{response.status_code}"] += 1


@atexit.register
def write_counts():
    if "FUZZ_COUNTS" in os.environ:
        with open(os.environ["FUZZ_COUNTS"], "w") as file:
            json.dump(counts, file)
