"""API keys: who may do what."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from serving.errors import ForbiddenError, UnauthenticatedError
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
    """
    path = work_folder / DEVELOPMENT_KEY_FILE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(f"smista_{secrets.token_urlsafe(32)}\n")
    return ApiKey(name="development", sha256=digest(path.read_text().strip()), scopes=frozenset(SCOPES))
