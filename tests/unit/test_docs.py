"""What the documents name exists: files, headings, commands, make targets, calls of the API."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from serving.app import create_app
from serving.settings import Settings
from smista import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
#: Code in a text: fenced blocks, and spans between backticks.
CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code_in(page: Path) -> Iterator[str]:
    """Each piece of code, lines that end in a backslash joined."""
    for block, span in CODE.findall(page.read_text(encoding="utf-8")):
        yield (block or span).replace("\\\n", " ")


def anchors(page: Path) -> set[str]:
    """What links can point to within a page: its headings, as hosts of Markdown spell them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@every_page
def test_files_that_are_named_exist(page: Path) -> None:
    packages = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    for code in code_in(page):
        if re.fullmatch(r"[\w./-]+\.(py|yaml|toml)", code) and code.split("/")[0] in packages:
            assert (ROOT / code).is_file(), code


@every_page
def test_commands_that_are_shown_exist_with_their_options(page: Path) -> None:
    for code in code_in(page):
        for shown in re.findall(r"(?:^|[\s(])smista ([a-z].*)", code):
            check_command(shown.split("#")[0])


def check_command(shown: str) -> None:
    """Follow the words down the groups of commands, then look for each option."""
    command: Any = typer.main.get_command(app)
    words = shown.split()
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        name = words.pop(0).rstrip(";,.)")
        assert name in command.commands, f"smista {shown}: there is no {name}"
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in words:
        if word in {"|", "&&", ">", "2>"}:
            break
        if word.startswith("--"):
            assert word in options, f"smista {shown}: there is no {word}"


@every_page
def test_make_targets_that_are_shown_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for code in code_in(page):
        for target in re.findall(r"^make ([a-z-]+)", code, re.MULTILINE):
            assert target in targets, f"make {target}"


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Method and path of every call, parameters as ``{}``."""
    service = create_app(Settings(work_folder=tmp_path_factory.mktemp("service")))
    paths = service.openapi()["paths"]
    service.state.service.database.close()
    return {(method.upper(), re.sub(r"{\w+}", "{}", path)) for path, methods in paths.items() for method in methods}


@every_page
def test_calls_that_are_named_are_in_the_api(page: Path, calls: set[tuple[str, str]]) -> None:
    for code in code_in(page):
        for method, path in re.findall(r"\b(GET|PUT|POST|DELETE) (/[\w/{}-]*)", code):
            assert (method, re.sub(r"{\w+}", "{}", path)) in calls, f"{method} {path}"
