"""API keys: who may do what."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from serving.errors import ConfigurationError, ForbiddenError, UnauthenticatedError
from serving.settings import SCOPES, ApiKey, Scope

DEVELOPMENT_KEY_FILE = "api-key"


def digest(key: str) -> str:
    """SHA-256 of a key. Keys are long and random, so that a slow hash would add nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


def find_key(keys: Iterable[ApiKey], presented: str) -> ApiKey:
    """The client that ``presented`` belongs to; compared in constant time. Raises `UnauthenticatedError`."""
    presented_digest = digest(presented)
    found = None
    for key in keys:
        if hmac.compare_digest(key.sha256, presented_digest):
            found = key
    if found is None:
        raise UnauthenticatedError("The API key is not known here: check the Authorization header")
    return found


def require_scope(key: ApiKey, any_of: tuple[Scope, ...]) -> None:
    """Raise `ForbiddenError` unless ``key`` has one of the scopes."""
    if key.scopes.isdisjoint(any_of):
        raise ForbiddenError(f"This call needs the scope {' or '.join(any_of)}; key {key.name!r} lacks it")


def development_key(work_folder: Path) -> ApiKey:
    """The key of a fresh installation, with every scope: made once, readable by its owner only.

    It lies in ``work_folder/api-key``, so that a newcomer can use it at once and nobody else on the network can.

    Raises `ConfigurationError` where the file holds no key.
    """
    path = work_folder / DEVELOPMENT_KEY_FILE
    if not path.exists():
        _make_key(path)
    key = path.read_text().strip()
    if not key:
        raise ConfigurationError(f"{path} is empty: delete it, and the next start makes a new key")
    return ApiKey(name="development", sha256=digest(key), scopes=frozenset(SCOPES))


def _make_key(path: Path) -> None:
    """Write a key and only then give it its name: whoever finds the file finds the key in it.

    Of several processes that start together one makes the key, and the others take that one.
    """
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:  # readable by its owner only
        file.write(f"smista_{secrets.token_urlsafe(32)}\n")
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
