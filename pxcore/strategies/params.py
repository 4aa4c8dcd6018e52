"""What a strategy may be told: a frozen model with a unit, a range and a sentence per field.

The command line, the documents and the forms read the model; nothing else knows a parameter.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, ValidationError

from pxcore.model import Misconfigured

_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "text of the form {}",
}


class Params(BaseModel):
    """Base of every strategy's parameters: immutable, no unknown name, no conversion by guess."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter for a reader. `default` as JSON, None when it must be given."""

    name: str
    type: str
    default: str | None
    allowed: str
    description: str


def describe_params(model: type[Params]) -> tuple[Described, ...]:
    """The parameters in the order of the model."""
    schema = model.model_json_schema()
    properties = schema.get("properties", {})
    definitions = schema.get("$defs", {})
    return tuple(
        Described(
            name=name,
            type=_type(_resolved(of, definitions)),
            default=json.dumps(of["default"]) if "default" in of else None,
            allowed=_allowed(_resolved(of, definitions)),
            description=of.get("description", ""),
        )
        for name, of in properties.items()
    )


def check_params(strategy: str, model: type[Params], given: Mapping[str, Any]) -> Params:
    """The parameters as the model has them. Raises Misconfigured with every problem at once."""
    try:
        return model.model_validate_json(json.dumps(given))
    except ValidationError as error:
        known = {one.name: one for one in describe_params(model)}
        found = [_sentence(strategy, dict(one), known) for one in error.errors()]
    except TypeError as error:
        found = [f"strategy {strategy}: its parameters are not JSON: {error}"]
    raise Misconfigured(*found)


def _sentence(strategy: str, error: dict[str, Any], known: Mapping[str, Described]) -> str:
    path = ".".join(str(part) for part in error["loc"])
    one = known.get(str(error["loc"][0])) if error["loc"] else None
    if error["type"] == "extra_forbidden" and one is None:
        there_are = f"it has {', '.join(known)}" if known else "it has none"
        return f"strategy {strategy}: {path} is not one of its parameters, {there_are}"
    if error["type"] == "missing":
        allowed = f"; allowed is {one.allowed}" if one is not None and one.allowed else ""
        return f"strategy {strategy}: {path} must be given{allowed}"
    if one is None or not one.allowed:
        where = f"{path} {error['input']!r} is refused" if path else "its parameters are refused"
        return f"strategy {strategy}: {where}: {_why(error)}"
    return f"strategy {strategy}: {path} {error['input']!r} is refused, allowed is {one.allowed}"


def _why(error: dict[str, Any]) -> str:
    """In the words of the check that said no: those of the library tell of types."""
    said = error.get("ctx", {}).get("error")
    return str(said) if said is not None else str(error["msg"])


def _resolved(of: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    reference = of.get("$ref")
    return {**definitions[reference.rpartition("/")[2]], **of} if reference else of


def _type(of: Mapping[str, Any]) -> str:
    return str(of.get("type", "any"))


def _allowed(of: Mapping[str, Any]) -> str:
    """In words; empty where the model sets no limit."""
    if "enum" in of:
        return " or ".join(str(value) for value in of["enum"])
    if "const" in of:
        return str(of["const"])
    kind = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}.get(
        _type(of), ""
    )
    if "minimum" in of and "maximum" in of:
        bounds = f"{_plain(of['minimum'])} to {_plain(of['maximum'])}"
    else:
        said = (text.format(_plain(of[key])) for key, text in _BOUNDS.items() if key in of)
        bounds = ", ".join(said)
    return ", ".join(part for part in (kind, bounds) if part)


def _plain(bound: Any) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)
