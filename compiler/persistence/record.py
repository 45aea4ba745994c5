"""A program as a record: all that a call needs besides the executable and the guards, as JSON.

    Recipe(name="f", parameters=("x",), inputs=[Input(Path(None, (("item", "x"),)), f64[3], "array")], …)

becomes

    {"recipe": {"name": "f", "parameters": ["x"], "inputs": [{"path": [null, ["item", "x"]], "type": "f64[3]", …}], …}}

Objects, classes and places are named through `References`; reading runs no code of the record. For guards see
`hloc.persistence.guards`.
"""

from __future__ import annotations

import re
from typing import Any

from hloc.classes import dataclass
from hloc.persistence.codecs import (
    COUNT,
    FLAG,
    INT,
    TEXT,
    Json,
    Many,
    Maybe,
    OneOf,
    Record,
    RecordError,
    References,
    Row,
    expect,
)
from hloc.persistence.paths import CLASS, EXCEPTION, PATH, PLACE, TYPE
from hloc.persistence.values import CONSTANT
from hloc.program import (
    ErrorSite,
    HostStatus,
    Input,
    LinearProgram,
    Machine,
    MessagePart,
    Output,
    PrintSite,
    Recipe,
    Structure,
    WriteBack,
)


@dataclass(frozen=True)
class Kept:
    """A program as it is kept: what hloc.calling.BoundProgram takes besides the executable."""

    recipe: Recipe
    status: HostStatus | None = None
    machines: tuple[Machine, ...] = ()


def write(kept: Kept, references: References) -> Json:
    """The record of a program, without its guards. Raises Unportable, which says what and why."""
    return _KEPT.write(kept, references)


def read(data: Json, references: References) -> Kept:
    """The program of a record, without guards. Raises RecordError."""
    try:
        kept: Kept = _KEPT.read(data, references)
    except RecursionError:
        raise RecordError("the record has too many levels") from None
    return kept


class _Value:
    """The value of an Output: a constant, or the second half of hloc.vjp or hloc.linearize."""

    def write(self, obj: Any, references: References) -> Json:
        if isinstance(obj, LinearProgram):
            return {"linear": _LINEAR.write(obj, references)}
        return CONSTANT.write(obj, references)

    def read(self, data: Json, references: References) -> Any:
        if type(data) is dict:
            expect(data.keys() == {"linear"}, "a linear program", data)
            return _LINEAR.read(data["linear"], references)
        return CONSTANT.read(data, references)


class _FormatPart:
    """A part of a message: text, another part with conversion and format, or another part."""

    def write(self, obj: Any, references: References) -> Json:
        if isinstance(obj, str):
            return obj
        return (_FORMATTED if isinstance(obj, tuple) else _MESSAGE).write(obj, references)

    def read(self, data: Json, references: References) -> Any:
        if type(data) is str:
            return data
        return (_FORMATTED if type(data) is list else _MESSAGE).read(data, references)


class _Source:
    """The source of a HostStatus: steps over numbers, and nothing else that Python can say."""

    def write(self, obj: str, references: References) -> Json:
        return obj

    def read(self, data: Json, references: References) -> str:
        expect(
            type(data) is str and len(data) < _LONGEST and re.fullmatch(_STEPS, data, re.ASCII) is not None,
            "steps",
            data,
        )
        lines = data.split("\n", 1)[1]
        expect(all(re.fullmatch(_WORD, word, re.ASCII) for word in re.findall(r"\w+", lines)), "words of steps", data)
        expect(all(map(_SIGNS.__contains__, re.findall(r"[-+&=!<>]+", lines))), "signs of steps", data)
        return str(data)


_LONGEST = 20_000
_LINE = r"[-\w +&=!<>(),]+"
_STEPS = rf"def words\((?:v\d+(?:, v\d+)*)?\):\n(?:    v\d+ = {_LINE}\n)*    return \[{_LINE}\]\n"
_WORD = r"v\d+|\d+|True|False|if|else|and|or|not|max|min|int|bits|return"
_SIGNS = frozenset({"=", "==", "!=", "<", "<=", ">", ">=", "+", "-", "&"})

_SOURCE = _Source()
_MESSAGE = Record(
    MessagePart,
    kind=OneOf("const", "data", "list_data", "format", "tuple", "list"),
    value=CONSTANT,
    offset=COUNT,
    type=Maybe(TYPE),
    weak=FLAG,
    parts=Many(_FormatPart()),
)
_FORMATTED = Row(_MESSAGE, INT, TEXT)
_OUTPUT = Record(
    Output,
    kind=OneOf(
        "array", "scalar", "number", "list_array", "masked", "input", "const", "tuple", "list", "dict", "object"
    ),
    index=COUNT,
    value=_Value(),
    path=Maybe(PATH),
    cls=Maybe(CLASS),
    keys=Many(CONSTANT),
)
_OUTPUT.fields["parts"] = Many(_OUTPUT)
_STRUCTURE = Record(
    Structure, kind=OneOf("leaf", "other", "tuple", "list", "dict", "object"), type=Maybe(TYPE), keys=Many(CONSTANT)
)
_STRUCTURE.fields["parts"] = Many(_STRUCTURE)
RECIPE = Record(
    Recipe,
    name=TEXT,
    parameters=Many(TEXT),
    donate=Many(TEXT),
    inputs=Many(
        Record(Input, path=PATH, type=TYPE, kind=OneOf("number", "scalar", "array", "list"), donated=FLAG), list
    ),
    output=_OUTPUT,
    write_backs=Many(Record(WriteBack, path=PATH, output=_OUTPUT), list),
    error_sites=Many(Record(ErrorSite, exception=EXCEPTION, args=Many(_MESSAGE), span=PLACE), list),
    print_sites=Many(Record(PrintSite, args=Many(_MESSAGE), sep=TEXT, end=TEXT, words=COUNT), list),
    error_index=INT,
    error_words=COUNT,
    lane_words=COUNT,
    print_index=INT,
    print_capacity=COUNT,
    work=Maybe(Many(Row(COUNT, Many(COUNT)))),
)
_LINEAR = Record(LinearProgram, what=TEXT, structure=_STRUCTURE, program=RECIPE)
STATUS = Maybe(Record(HostStatus, index=COUNT, words=COUNT, scalars=COUNT, read=COUNT, code=_SOURCE, all=_SOURCE))
MACHINES = Many(
    Record(
        Machine,
        number=COUNT,
        function=TEXT,
        rows=COUNT,
        limit=COUNT,
        kind=OneOf("tail", "linear", "machine"),
        span=PLACE,
    )
)
_KEPT = Record(Kept, recipe=RECIPE, status=STATUS, machines=MACHINES)
