"""Reads the options of plugins: what they are, what a caller gave, what is reported back.

Options are a frozen dataclass per plugin. Constraints stand in its annotations
(`Annotated[float, annotated_types.Gt(0)]`), the text about each field in the "Attributes:" section
of its docstring.
"""

from __future__ import annotations

import difflib
import json
import re
import reprlib
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, fields, is_dataclass
from inspect import cleandoc
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from trackspeak.models.errors import OptionError, PluginError

OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """What a user is told about one option.

    Attributes:
        name: its key.
        type: its type and limits in words, such as "number > 0" or "path".
        required: True if there is no default.
        default: JSON-ready; None if required.
        doc: what it does, in one line; "" where the plugin does not say.
    """

    name: str
    type: str
    required: bool
    default: Any
    doc: str


def parse_options(options_type: type[OptionsT], values: Mapping[str, object], where: str) -> OptionsT:
    """Make an options instance from what a caller gave; strings are turned into the types wanted.

    A list may be given as "a,b" or as a JSON list. NaN and infinity are never taken.

    Args:
        options_type: a frozen dataclass.
        values: option key -> value, as it came from a command line, JSON, TOML or Python.
        where: what the options are of, such as "detector"; begins each message.

    Raises:
        OptionError: for each key that is unknown, missing, of the wrong type or out of range.
    """
    known = _init_fields(options_type)
    docs = _attribute_docs(options_type)
    problems = [_unknown_key(where, key, tuple(known)) for key in values if key not in known]
    problems += [
        f"{where}.{key} is required: {docs.get(key, '')}".rstrip(": ")
        for key, field in known.items()
        if key not in values and _is_required(field)
    ]
    parsed, wrong = _parse_values(options_type, {key: values[key] for key in known.keys() & values.keys()})
    problems += [f"{where}.{problem}" for problem in wrong]
    if problems:
        raise OptionError("; ".join(sorted(problems)))
    try:
        return options_type(**parsed)
    except (ValueError, OptionError) as error:
        raise OptionError(f"{where}: {error}") from error


def checked_values(options: Any) -> dict[str, Any]:
    """Give an options instance's values in the types wanted; for a `__post_init__`, so that ranges stand once.

    Raises:
        OptionError: for each value of the wrong type or out of range.
    """
    values = {name: getattr(options, name) for name in _init_fields(type(options))}
    parsed, wrong = _parse_values(type(options), values)
    if wrong:
        raise OptionError("; ".join(sorted(wrong)))
    return parsed


def options_to_dict(options: Any) -> dict[str, Any]:
    """Give an options instance as JSON-ready values; `parse_options` takes them back."""
    values: dict[str, Any] = to_jsonable_python(asdict(options))
    return values


def describe_options(options_type: type[Any]) -> tuple[OptionInfo, ...]:
    """Describe every option, those required first, else in the order of the dataclass."""
    hints = _hints(options_type)
    docs = _attribute_docs(options_type)
    ordered = sorted(_init_fields(options_type).items(), key=lambda item: not _is_required(item[1]))
    return tuple(
        OptionInfo(name, _type_text(hints[name]), _is_required(field), _default(field), docs.get(name, ""))
        for name, field in ordered
    )


def check_options_type(options_type: object) -> None:
    """Check that a plugin's `Options` can be read.

    Raises:
        PluginError: if it is no frozen dataclass, or a field has a type that cannot be read.
    """
    if not (isinstance(options_type, type) and is_dataclass(options_type)):
        raise PluginError(f"Options must be a frozen dataclass, got {options_type!r}")
    # The standard library keeps this only here.
    if not options_type.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise PluginError(f"Options must be a frozen dataclass, got {options_type.__name__}, which is not frozen")
    for name, hint in _hints(options_type).items():
        try:
            _adapter(hint)
        except PydanticUserError as error:
            raise PluginError(f"option {name!r} has a type that cannot be read: {error.message}") from error


def _parse_values(options_type: type[Any], values: Mapping[str, object]) -> tuple[dict[str, Any], list[str]]:
    """Turn values into the types wanted; gives those, and what is wrong with each of the others."""
    hints = _hints(options_type)
    parsed: dict[str, Any] = {}
    wrong: list[str] = []
    for key, value in values.items():
        try:
            parsed[key] = _adapter(hints[key]).validate_python(_split_list(hints[key], value))
        except ValidationError as error:
            wrong.append(f"{key} {_wanted(error)}, got {reprlib.repr(value)}")
    return parsed, wrong


def _hints(options_type: type[Any]) -> dict[str, Any]:
    try:
        hints = get_type_hints(options_type, include_extras=True)
    except (NameError, TypeError) as error:
        raise PluginError(f"the annotations of {options_type.__name__} cannot be read: {error}") from error
    return {name: hints[name] for name in _init_fields(options_type)}


def _init_fields(options_type: type[Any]) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(options_type) if field.init}


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _default(field: Field[Any]) -> Any:
    if _is_required(field):
        return None
    value = field.default if field.default_factory is MISSING else field.default_factory()
    return to_jsonable_python(value)


def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint, config=ConfigDict(allow_inf_nan=False))


def _unknown_key(where: str, key: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(key, known, 1)
    suggestion = f", did you mean {close[0]}?" if close else ""
    shown = key.encode("utf-8", "backslashreplace").decode()  # JSON may hold half a character
    return f"{where}.{shown} is unknown{suggestion} (there are: {', '.join(sorted(known)) or 'none'})"


def _wanted(error: ValidationError) -> str:
    """Say what a validation wanted; the alternatives of a union are joined."""
    messages: list[str] = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        message = re.sub(r"^Input should be", "must be", detail["msg"])
        item = next((f" (item {part})" for part in detail["loc"] if isinstance(part, int)), "")
        if message + item not in messages:
            messages.append(message + item)
    return " or ".join(messages)


def _split_list(hint: Any, value: object) -> object:
    """Turn "a,b" or "[1, 2]" into a list where a list is wanted."""
    if not isinstance(value, str) or not _wants_list(hint):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return [item.strip() for item in value.split(",") if item.strip()]


def _wants_list(hint: Any) -> bool:
    if get_origin(hint) in (Annotated, Union, types.UnionType):
        return any(_wants_list(part) for part in get_args(hint))
    return get_origin(hint) in (tuple, list)


def _attribute_docs(options_type: type[Any]) -> dict[str, str]:
    """Give what a class and those it inherits from say of their attributes, the nearest first to be believed."""
    docs: dict[str, str] = {}
    for owner in reversed(options_type.__mro__):
        docs.update(_documented(cleandoc(vars(owner).get("__doc__") or "")))
    return docs


def _documented(text: str) -> dict[str, str]:
    """Read `name: text` from the "Attributes:" section; continued lines are indented deeper."""
    section = re.search(r"^Attributes:\n((?:[ \t]+\S.*\n?|\n)+)", text, re.MULTILINE)
    if section is None:
        return {}
    entries = re.split(r"\n(?=    \w+ *(?:\([^)]*\))?:)", "\n" + section.group(1))[1:]
    named = (re.match(r"\s*(\w+)[^:]*:\s*(.*)", entry, re.DOTALL) for entry in entries)
    return {match.group(1): " ".join(match.group(2).split()) for match in named if match}


def _type_text(hint: Any) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        limits = " and ".join(text for constraint in parts[1:] for text in _limit_texts(constraint))
        return f"{_type_text(parts[0])} {limits}".strip()
    if origin is Literal:
        return " | ".join(str(part) for part in parts)
    if origin in (Union, types.UnionType):
        return " | ".join(_type_text(part) for part in parts)
    if origin in (tuple, list):
        return "list of " + " or ".join(_type_text(part) for part in parts if part is not Ellipsis)
    names = {"NoneType": "none", "str": "text", "float": "number", "int": "integer", "bool": "true | false"}
    name = getattr(hint, "__name__", str(hint))
    return names.get(name, name.lower())


def _limit_texts(constraint: object) -> Iterator[str]:
    if isinstance(constraint, FieldInfo):
        constraint = constraint.metadata
    if isinstance(constraint, GroupedMetadata | list):
        for part in constraint:
            yield from _limit_texts(part)
    for limit_type, sign, name in (
        (Gt, ">", "gt"), (Ge, ">=", "ge"), (Lt, "<", "lt"), (Le, "<=", "le"),
        (MinLen, "length >=", "min_length"), (MaxLen, "length <=", "max_length"),
    ):  # fmt: skip
        if isinstance(constraint, limit_type):
            yield f"{sign} {getattr(constraint, name)}"
