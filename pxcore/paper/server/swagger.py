"""The server's own page of what it understands: Swagger 2.0, made from the bodies it decodes.

The venue publishes the same kind of page at the same path, without a security section (gateway
reference, 1.1); what ours says is exactly what the decoders check.
"""

from functools import cache

import msgspec
from msgspec import inspect

from pxcore.paper.server.bodies import LoginBody
from pxcore.paper.server.rest import ENDPOINTS
from pxcore.paper.server.rows import Json

_TITLE = "ProjectX Gateway API"
_ENVELOPE: Json = {
    "type": "object",
    "required": ["success", "errorCode"],
    "properties": {
        "success": {"type": "boolean"},
        "errorCode": {"type": "integer", "format": "int32"},
        "errorMessage": {"type": "string", "x-nullable": True},
    },
}


@cache
def specification() -> Json:
    """The page. Bodies are described once each, under their own name."""
    definitions: Json = {"Envelope": _ENVELOPE}
    paths: Json = {
        "/api/Auth/loginKey": _post(LoginBody, definitions),
        "/api/Auth/loginApp": _post(None, definitions),
        "/api/Auth/validate": _post(None, definitions),
        "/api/Auth/logout": _post(None, definitions),
        "/api/Status/ping": {"get": {"responses": {"200": {"description": "pong"}}}},
    }
    for endpoint in ENDPOINTS:
        paths[endpoint.path] = _post(endpoint.body, definitions)
    return {
        "swagger": "2.0",
        "info": {"title": _TITLE, "version": "1.0.0"},
        "schemes": ["http"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": paths,
        "definitions": definitions,
    }


def _post(body: type[msgspec.Struct] | None, definitions: Json) -> Json:
    operation: Json = {
        "responses": {
            "200": {"description": "An answer", "schema": {"$ref": "#/definitions/Envelope"}},
            "400": {"description": "Not a body that this endpoint understands"},
            "401": {"description": "No token, or one that is not valid"},
            "429": {"description": "Too many requests"},
        }
    }
    if body is not None:
        schema = _schema(inspect.type_info(body), definitions)
        operation["parameters"] = [
            {"in": "body", "name": "body", "required": True, "schema": schema}
        ]
    return {"post": operation}


def _schema(kind: inspect.Type, definitions: Json) -> Json:
    """A type as Swagger 2.0 has it: null is an extension there, and there are no unions."""
    match kind:
        case inspect.UnionType(types=types):
            (other,) = (one for one in types if not isinstance(one, inspect.NoneType))
            return _schema(other, definitions) | {"x-nullable": True}
        case inspect.StructType(cls=cls):
            _define(kind, definitions)
            return {"$ref": f"#/definitions/{cls.__name__}"}
        case inspect.VarTupleType(item_type=item):
            return {"type": "array", "items": _schema(item, definitions)}
        case inspect.IntType(ge=least, le=most):
            is_small = most is not None and most < 2**31
            bounds = {"minimum": least, "maximum": most}
            return {"type": "integer", "format": "int32" if is_small else "int64"} | {
                name: bound for name, bound in bounds.items() if bound is not None
            }
        case inspect.DecimalType() | inspect.FloatType():
            return {"type": "number"}
        case inspect.DateTimeType():
            return {"type": "string", "format": "date-time"}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.StrType():
            return {"type": "string"}
        case _:
            raise AssertionError(f"no body may have a field of type {kind}")


def _define(kind: inspect.StructType, definitions: Json) -> None:
    name = kind.cls.__name__
    if name in definitions:
        return
    fields: Json = {}
    definitions[name] = {
        "type": "object",
        "properties": fields,
        "required": [field.encode_name for field in kind.fields if field.required],
    }
    for field in kind.fields:
        fields[field.encode_name] = _schema(field.type, definitions)
