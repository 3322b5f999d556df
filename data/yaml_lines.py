"""YAML read with the line of everything in it, so that an error can say where."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from data.errors import MappingError

#: Keys and positions that lead to a value.
Place = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """Plain scalars as YAML 1.2 has them: ``NO`` is Norway and not false, ``0123`` a text, a date a text."""

    yaml_implicit_resolvers: Final = {}  # type: ignore[misc]  # a fresh table in place of the inherited one


for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def read_yaml(path: Path) -> tuple[Any, dict[Place, int]]:
    """Return the document in ``path``, and the line (from 1) of each of its parts.

    Raises
    ------
    MappingError
        It is not YAML, a key stands twice, or it uses aliases.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise MappingError(f"{path}: aliases (*name) are not read; write the part out where it is needed.")
        loader = _Loader(text)
        node = loader.get_single_node()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"{path} is not YAML: {error}") from error
    except RecursionError:
        raise MappingError(f"{path} is nested too deep to be a mapping.") from None
    lines: dict[Place, int] = {(): 1}
    return (None if node is None else _build(loader, node, (), lines, path)), lines


def _build(loader: _Loader, node: yaml.Node, place: Place, lines: dict[Place, int], path: Path) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, child, (*place, position), lines, path) for position, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        try:
            return loader.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:
            line = node.start_mark.line + 1
            raise MappingError(f"{path}, line {line}: {node.value!r} is not what its tag {node.tag} says.") from error
    built: dict[str, Any] = {}
    for key_node, child in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in built:
            raise MappingError(f"{path}, line {line}: {key} stands here a second time.")
        lines[*place, key] = line
        built[key] = _build(loader, child, (*place, key), lines, path)
    return built
