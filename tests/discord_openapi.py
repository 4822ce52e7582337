"""Checks what a bot sent against Discord's own OpenAPI description."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.discord_exchange import Request
from tests.discord_records import Json

DESCRIPTION = Path(__file__).parent.parent.parent / "shared" / "discord" / "openapi.json"
NAME = "urn:discord"
OVERLOOKED = {"flags", "nsfw", "tts"}  # discord.py sends them where the description lacks them
ALTERNATIVES = ("allOf", "anyOf", "oneOf")


def problems(requests: Iterable[Request]) -> list[str]:
    """What Discord would not understand, a line each."""
    found = []
    for request in requests:
        for problem in _problems_of(request.method, request.template, request.body):
            found.append(f"{request.method} {request.path}: {problem}")
    return found


def _problems_of(method: str, template: str, body: Any) -> list[str]:
    operation = _description()["paths"].get(template, {}).get(method.lower())
    if operation is None:
        return [f"Discord knows no {method} {template}"]
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return [] if body is None else ["takes no body"]
    if body is None:
        return ["lacks its body"] if operation["requestBody"].get("required") else []
    return [*_violations(method, template, body), *_strangers(body, [content["application/json"]])]


def _violations(method: str, template: str, body: Any) -> Iterator[str]:
    path = "/".join(part.replace("~", "~0").replace("/", "~1") for part in (template,))
    place = f"#/paths/{path}/{method.lower()}/requestBody/content/application~1json/schema"
    validator = Draft202012Validator({"$ref": NAME + place}, registry=_registry())
    for error in validator.iter_errors(body):
        inner = best_match([error]) or error
        yield f"{inner.json_path}: {_shortened(inner.message)}"


def _shortened(message: str) -> str:
    return message if len(message) < 200 else f"{message[:90]} ... {message[-90:]}"


def _strangers(body: Any, media: list[Json]) -> list[str]:
    """Names that Discord doesn't have there: it would overlook them without a word."""
    return list(_unknown_names(body, [each["schema"] for each in media], "$"))


def _unknown_names(value: Any, schemas: list[Json], place: str) -> Iterator[str]:
    plain = [flat for schema in schemas for flat in _flatten(schema)]
    if isinstance(value, list):
        items = [each["items"] for each in plain if isinstance(each.get("items"), dict)]
        for number, item in enumerate(value):
            yield from _unknown_names(item, items, f"{place}[{number}]")
    elif isinstance(value, dict) and not any("additionalProperties" in each for each in plain):
        for name, inner in value.items():
            known = [each["properties"][name] for each in plain if name in each["properties"]]
            if known:
                yield from _unknown_names(inner, known, f"{place}.{name}")
            elif name not in OVERLOOKED:
                yield f"{place}: Discord has no {name!r} there"


def _flatten(schema: Json) -> Iterator[Json]:
    """A schema and those it is made of, without references."""
    if "$ref" in schema:
        target = _description()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        yield from _flatten(target)
    yield {"properties": {}} | schema
    for kind in ALTERNATIVES:
        for each in schema.get(kind, []):
            yield from _flatten(each)


@cache
def _description() -> Json:
    described: Json = json.loads(DESCRIPTION.read_text("utf-8"))
    # Discord takes numbers too, and discord.py numbers the files of a message with them.
    described["components"]["schemas"]["SnowflakeType"]["type"] = ["string", "integer"]
    return described


@cache
def _registry() -> Registry[Any]:
    resource = Resource.from_contents(_description(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(NAME, resource)
    return registry
