"""Reading a ruleset document, JSON or YAML, into the plain values that JSON has."""

from typing import Any, Final

import orjson
import yaml

from serving.errors import InvalidRulesetError, MalformedBodyError, UnsupportedMediaError

YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml")


def read_document(content: bytes, media_type: str) -> dict[str, Any]:
    """The document in ``content``. Raises `MalformedBodyError` with the position of what cannot be read."""
    if media_type in YAML:
        value = read_yaml(content)
    elif media_type == "application/json":
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise MalformedBodyError(f"The body is not JSON: {error}") from error
    else:
        raise UnsupportedMediaError(f"Content-Type {media_type} is not read here: send application/json or {YAML[0]}")
    if not isinstance(value, dict):
        raise InvalidRulesetError("A ruleset is a mapping with name, strategy, rules, …")
    return value


def read_yaml(content: bytes) -> object:
    """One YAML document. Aliases are refused: a short text can stand for a huge document with them."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, yaml.SafeLoader)):
            raise InvalidRulesetError("YAML aliases (*name) are not read here: write the value out")
        value = yaml.safe_load(content)
        return orjson.loads(orjson.dumps(value))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MalformedBodyError(f"The body is not YAML: {error}") from error
    except (TypeError, RecursionError, ValueError) as error:
        raise MalformedBodyError(f"The YAML holds what JSON cannot: {error}") from error
