"""What may come to an application: near to what its pages send, damaged, or nonsense altogether."""

import io
import json
from functools import cache
from typing import get_args
from urllib.parse import quote, urlencode

import dash
from hypothesis import strategies as st
from PIL import Image

import cnn
from cnn.attribution.methods import METHODS as METHODS_OF_MAPS
from cnn.inspection.top_pictures import CLASSES
from cnn.studies import Kind
from dashboard.state import pixels

TEXT = st.one_of(
    st.sampled_from([
        "", " ", "0", "-1", "00", "1e309", "-0.0", "NaN", "Infinity", "999999999", "9" * 400, "٣", "²",
        "a" * 5000, "é漢字🙂", "\0", "a\0b", "%00", "%", "%zz", "..", "../../etc/passwd", "..%2f..", "/",
        "//", "\\", "<b>x</b>", "<img src=x onerror=alert(1)>", "'\"", "{}", "[]", "{", "true", "null",
        "conv2d", "conv2d:3", "conv2d/x", "none", "run:", "own:", "\n", "\r\nX: y", "\u202e", "\ufeff",
        "input_layer", "dense_1", "𝟘", "1_000", "+1", "0x10", "1.", ".5", "1,2", ";", ":", "*",
    ]),
    st.text(max_size=20),
)  # fmt: skip
ANYTHING = st.one_of(
    TEXT,
    st.sampled_from([
        None, True, False, 0, 1, -1, 2, -(10**18), 1e300, 10**400, 1.5, 1e308, [], {}, [[]], [None],
        {"type": "Iframe", "namespace": "dash_html_components", "props": {"src": "https://x"}},
        {"id": "view", "property": "data", "value": {}}, ["planted"] * 300, {"__proto__": {"x": 1}},
    ]),
    st.floats(allow_nan=True),
    st.integers(),
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=5,
    ),
)  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "HACK")
CONTENT_TYPES = st.sampled_from([
    "application/json", "application/json; charset=utf-7", "application/octet-stream", "text/plain",
    "multipart/form-data", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
    "image/png", "\xff",
])  # fmt: skip
_HEADERS = {
    "Accept-Encoding": ["br", "gzip", "identity;q=0, *;q=0", "br;q=x", "zstd,,,", "\xff", "*"],
    "Range": [
        "bytes=0-10",
        "bytes=-1",
        "bytes=9-1",
        "bytes=0-,5-",
        "lines=1",
        "bytes=9999999-",
        "bytes",
    ],
    "If-None-Match": ['"x"', "*", 'W/"', "x" * 2000],
    "If-Modified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", "Thu, 99 Foo 9999"],
    "If-Range": ['"x"', "yesterday"],
    "Content-Encoding": ["gzip", "br", "x"],
    "Accept": ["application/json", "*/*;q=x", ","],
    "Cookie": ["a=b", "=", ";;;", "session=\xff"],
    "Origin": ["http://localhost", "null", "https://planted.example", "http://[", "//"],
    "Sec-Fetch-Site": ["same-origin", "cross-site", ""],
    "X-Forwarded-For": ["1.2.3.4", "x" * 200, ",,"],
    "X-Forwarded-Prefix": ["/x", "//planted.example", "%00"],
    "X-Forwarded-Host": ["planted.example", "["],
    "X-Request-ID": ["abc-1", "\xff", "a" * 5000, "a b"],
    "Host": ["localhost", "planted.example", "[", "localhost:99999", "a:b:c", ""],
    "Content-Length": ["0", "5", "12544", "99999999999", "-1", "x", "1.5"],
    "Transfer-Encoding": ["chunked"],
    "Expect": ["100-continue"],
    "Authorization": ["Basic eDp4", "Basic \xff", "Bearer", "Basic"],
}
_NUMBERS = ("0", "1", "3", "27", "999", "999999999")
_SHARES = ("0", "10", "-30", "0.5", "100", "200")


def one_of(things):
    """One of some large things: Hypothesis would write all of them out."""
    return st.integers(0, len(things) - 1).map(lambda number: things[number])


def near(*texts):
    """Mostly one of the texts, sometimes one that is damaged, sometimes nonsense."""
    whole = st.sampled_from(texts)
    return whole | whole | whole.flatmap(_damaged) | TEXT


def _damaged(text):
    """A text with some letters too many, perhaps for another."""
    places = st.integers(0, max(0, len(text) - 1))
    return st.tuples(places, TEXT, st.integers(0, 1)).map(
        lambda change: text[: change[0]] + change[1] + text[change[0] + change[2] :]
    )


def some_of(known, most):
    """Some of the known things, each with one of its values."""
    return st.lists(st.sampled_from(sorted(known)), max_size=most, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: known[name] for name in names})
    )


def headers():
    return some_of({name: st.sampled_from(values) for name, values in _HEADERS.items()}, 3)


@cache
def views(doors):
    """Queries of views, with some of all parts that there are."""
    ink, run = pixels.encode(cnn.load_dataset("digits").sample(3).pixels), doors.run.id
    whole = (
        "index", "output", "part", "seed", "target", "channel", "row", "column", "source", "teach",
        "of", "against", "step", "quiz",
    )  # fmt: skip
    shares = ("rotate", "x", "y", "zoom", "noise", "blur", "contrast", "epsilon")
    parts = {
        "model": near(doors.view["model"], f"run:{run}", "0" * 12),
        "data": near("digits", "mnist", "cifar10", "own:" + "0" * 12),
        "split": near("all", "test", "train"),
        "epoch": near("0", "3", "24", "0-16", "999"),
        "other": near("0", "3", "24"),
        "runs": near(run, f"{run},{run}"),
        "surgery": near(
            "conv2d:3*0",
            "conv2d:0-31*0@0.31;dense:1*2",
            "none:1*1",
            "conv2d:999*0",
            "input_layer:0*0",
        ),
        "range": near(*cnn.models.scales.RANGES),
        "pixels": near(ink),
        "upload": near(doors.upload, "0" * 32),
        "erased": near("AAAA", ink),
        "scale": near("channel", "layer", "network"),
        "lines": near("contribution", "weight"),
        "over": near("rotate", "x", "epsilon", "blur"),
        "by": near("inputs", "channels"),
        "method": near("all", "saliency", "occlusion"),
        "overlay": near("apart", "over"),
        "norm": near("l1", "l2"),
        "focus": near("map", "cell"),
        "unit": near("conv2d", "no such layer", "dense"),
        "made": near("counterfactual", "synthesis"),
        "options": near("smoothgrad.samples:8", "occlusion.patch:99", "synthesis.blur:0.5"),
        "rates": near("0.01", "0.001*5,0.01", "0.1*50"),
        "pick": near(",,stored,0", "3,,wrong,2", "3,7,stored,9999999", "99999,99999,wrong,1"),
        **{name: near("1") for name in ("invert", "effective", "present", "guess", "picking")},
        **{name: near(*_NUMBERS) for name in whole},
        **{name: near(*_SHARES) for name in shares},
    }
    few = some_of(parts, 4)
    return st.one_of(
        few.map(lambda some: {**doors.view, **some}),
        few,
        some_of(parts, len(parts)),
        st.dictionaries(TEXT, TEXT, max_size=2),
    )


@cache
def queries(doors):
    """The query of an address, as a browser or somebody else writes it."""
    beside = {
        "moving": near("picture", "epoch"), "form": near("x", "{}"), "fitted": near("1"),
        "centre": near("off", "on"), "opening": near("1"), "layer": near("conv2d"),
        "pointed": near("3:conv2d", "0:dense"), "marks": near("1"), "name": near("model.keras", "a.h5"),
        "places": near("0,1,2", "1796", "-1", "9" * 20), "list-page": near("1"),
        "list-find": near("a"), "m": near("1"),
    }  # fmt: skip
    asked = st.tuples(views(doors), some_of(beside, 3))
    written = asked.map(lambda parts: urlencode({**parts[0], **parts[1]}))
    twice = written.map(lambda text: f"{text}&{text}")
    return st.one_of(written, written, twice, TEXT.map(quote), TEXT)


@cache
def addresses(doors):
    """A method and a path of one of the application's own rules, with parts that are near to theirs."""
    pages = [page["path"].strip("/") or "network" for page in dash.page_registry.values()]
    parts = {
        "page": near(*pages),
        "layer": near(*doors.values["layers"]["names"], "inner/conv", "conv:2"),
        "path": near(*pages, "why/conv2d"),
        "data": near("digits", "mnist", "fashion_mnist"),
        "split": near("all", "test"),
        "key": near(doors.upload, "0" * 32),
        "run_id": near(doors.run.id, "digits"),
        "study_id": near(*doors.studies, "0" * 16),
        "number": near("0", "1", "9" * 20),
        "name": near("model.keras", "config.json", "history.csv", "status.json"),
        "package_name": near("dash", "plotly", "dash_bootstrap_components", "os", "json"),
        "fingerprinted_path": near(
            "dcc/dash_core_components.js", "deps/polyfill@7.v1_2m3.12.1.min.js"
        ),
        "filename": near("05-wire/wire.js", "../dashboard/app.py", "none.js"),
    }

    def address(rule):
        of_rule = {name: parts.get(name, TEXT) for name in rule.arguments}
        methods = [*sorted(rule.methods - {"OPTIONS", "HEAD"})] * 8 + [*METHODS]
        path = st.fixed_dictionaries(of_rule).map(lambda given: _filled(rule.rule, given))
        return st.tuples(st.sampled_from(methods), path)

    return one_of([address(rule) for rule in doors.rules]).flatmap(lambda chosen: chosen)


def _filled(path, given):
    for name, value in given.items():
        for converter in ("", "path:", "string:", "int:"):
            path = path.replace(f"<{converter}{name}>", value)
    return path


def environment(path, query, given):
    """What gunicorn makes of a request: bytes of addresses and of headers are letters of Latin-1."""
    made = {
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query.encode().decode("latin-1"),
    }
    for name, value in given.items():
        key = name.upper().replace("-", "_")
        made[key if key == "CONTENT_LENGTH" else f"HTTP_{key}"] = value
    if "Transfer-Encoding" in given:
        made["wsgi.input_terminated"] = True
    return made


@cache
def payloads():
    """The body of a request."""
    png = _picture("PNG")
    form = (
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="b.png"\r\n\r\n%b\r\n--x--'
        % png
    )
    whole = [
        b"", b"x", bytes(112 * 112), bytes(range(256)) * 49, bytes(112 * 112 + 1), png, form,
        _picture("GIF", "P"), _picture("BMP", "RGB"), _picture("JPEG", "RGB", (300, 2)),
        b"PK\3\4" + bytes(30), b"\x89HDF\r\n\x1a\n" + bytes(90), b"GIF89a\xff\xff\xff\xff",
        b"[" * 5000, b"\xff\xfe", b"null", b"{}",
    ]  # fmt: skip
    asked = st.fixed_dictionaries(
        {"kind": near(*get_args(Kind))},
        optional={
            "layer": near("conv2d", "dense", CLASSES),
            "method": near(*METHODS_OF_MAPS),
            "find": ANYTHING,
            "x": ANYTHING,
        },
    )
    cut = st.tuples(one_of(whole), st.integers(0, 60)).map(lambda one: one[0][: one[1]])
    return st.one_of(
        one_of(whole), one_of(whole), cut, asked.map(as_json), ANYTHING.map(as_json),
        st.binary(max_size=60),
    )  # fmt: skip


def _picture(form, mode="L", size=(9, 7)):
    file = io.BytesIO()
    Image.new(mode, size, 77).save(file, form)
    return file.getvalue()


def as_json(value):
    return json.dumps(value).encode()


def spots(value, at=()):
    """The places in a JSON value, itself among them, as tuples of keys."""
    yield at
    children = ()
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in children:
        yield from spots(child, (*at, key))


def changed(value, at, how, other):
    """The value with another one at a place, or with nothing there, or with both."""
    if not at:
        return other
    copy, key = value.copy(), at[0]
    if len(at) > 1:
        copy[key] = changed(value[key], at[1:], how, other)
    elif how == "gone":
        del copy[key]
    elif how == "more" and isinstance(copy, list):
        copy.insert(key, other)
    elif how == "more":
        copy[str(other)[:40]] = value[key]
    else:
        copy[key] = other
    return copy
