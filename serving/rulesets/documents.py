"""Reading a ruleset document, JSON or YAML, into the plain values that JSON has.

What could be read in two ways is refused: of a name that stands twice, readers take the last and say nothing. So are
numbers of YAML 1.1 that look like others: it reads 010 as eight, and 1:30 as ninety.
"""

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from serving.errors import InvalidRulesetError, MalformedBodyError, UnsupportedMediaError

YAML: Final = ("application/yaml", "application/x-yaml", "text/yaml")
#: Rulesets are nested five deep. The parser takes time quadratic in the depth, and holds everything else up meanwhile.
MOST_NESTED: Final = 20


def read_document(content: bytes, media_type: str) -> dict[str, Any]:
    """The document in ``content``. Raises `MalformedBodyError` with the position of what cannot be read."""
    if media_type in YAML:
        value = read_yaml(content)
    elif media_type == "application/json":
        value = read_json(content)
    else:
        raise UnsupportedMediaError(f"Content-Type {media_type} is not read here: send application/json or {YAML[0]}")
    if not isinstance(value, dict):
        raise InvalidRulesetError("A ruleset is a mapping with name, strategy, rules, …")
    return value


def read_file(file: Path) -> object:
    """One document: JSON where the file's name says so, else YAML."""
    return (read_json if file.suffix == ".json" else read_yaml)(file.read_bytes().removeprefix(BOM_UTF8))


def read_json(content: bytes) -> object:
    """One JSON document."""
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise MalformedBodyError(f"The body is not JSON: {error}") from error
    try:
        json.loads(content, object_pairs_hook=_each_once, parse_int=float)
    except RecursionError:
        raise InvalidRulesetError("nested too deeply") from None
    return value


def read_yaml(content: bytes) -> object:
    """One YAML document. Aliases are refused: a short text can stand for a huge document with them."""
    try:
        value = yaml.load(content, _Loader)
        return orjson.loads(orjson.dumps(value))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MalformedBodyError(f"The body is not YAML: {error}") from error
    except (TypeError, ValueError) as error:
        raise MalformedBodyError(f"The YAML holds what JSON cannot: {error}") from error
    except (AttributeError, LookupError) as error:  # so the parser fails over !!int "" and !!timestamp 5
        raise MalformedBodyError("The YAML holds a value that is not what its tag says") from error


#: Those of PyYAML, without octal numbers and those to the base of sixty: what looks like these stays a text.
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9_]*|0b[01_]+|0x[0-9a-fA-F_]+)$")
_DECIMAL: Final = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?$|[-+]?\.inf$|\.nan$", re.I)
_NUMBERS: Final = {"tag:yaml.org,2002:int": _INTEGER, "tag:yaml.org,2002:float": _DECIMAL}


class _Loader(yaml.SafeLoader):
    """Refuses aliases, names that stand twice, and what is nested too deeply, where it meets them.

    Dates stay texts, as JSON has them: what is no date is told by whoever knows the field.
    """

    nested = 0
    yaml_implicit_resolvers = {  # noqa: RUF012 - it is the loader's, as in PyYAML
        first: [(tag, _NUMBERS.get(tag, pattern)) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One node, with all that is in it."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # its stubs leave the type out
        at = f"line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent):
            raise InvalidRulesetError(f"{at}: YAML aliases (*name) are not read here: write the value out")
        if self.nested == MOST_NESTED:
            raise InvalidRulesetError(f"{at}: nested deeper than {MOST_NESTED}")
        self.nested += 1
        node = super().compose_node(parent, index)
        self.nested -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, each of whose names stands there once."""
        _each_once([(key.value, None) for key, _ in node.value if isinstance(key, yaml.ScalarNode)], node.start_mark)
        return super().construct_mapping(node, deep=deep)


def _each_once(pairs: Sequence[tuple[str, Any]], mark: yaml.Mark | None = None) -> dict[str, Any]:
    twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
    if twice:
        at = "" if mark is None else f"line {mark.line + 1}: "
        raise InvalidRulesetError(f"{at}written more than once: {', '.join(twice)}")
    return dict(pairs)
