"""Settings from the environment."""

import json

import pytest
from pydantic import ValidationError

from serving.settings import ApiKey, Settings
from serving.web.keys import digest, find_key


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [{"name": "checkout", "sha256": digest("secret"), "scopes": ["decide", "read"]}]
    monkeypatch.setenv("SMISTA_API_KEYS", json.dumps(keys))
    monkeypatch.setenv("SMISTA_DATABASE_URL", "postgresql://smista:pass@db/smista")
    settings = Settings()
    assert settings.database == "postgresql+psycopg://smista:pass@db/smista"
    assert find_key(settings.api_keys, "secret").name == "checkout"
    assert "pass" not in repr(settings)


def test_the_default_database_lies_in_the_work_folder() -> None:
    assert Settings().database == "sqlite:///.smista/smista.db"


@pytest.mark.parametrize("minutes", [0, 1e12])
def test_a_time_to_accept_after_which_no_instant_follows_is_refused(minutes: float) -> None:
    with pytest.raises(ValidationError, match="accept_within_minutes"):
        Settings(accept_within_minutes=minutes)


@pytest.mark.parametrize("wrong", [{"scopes": []}, {"scopes": ["everything"]}, {"sha256": "secret"}, {"name": ""}])
def test_a_key_that_cannot_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ApiKey.model_validate({"name": "x", "sha256": digest("x"), "scopes": ["read"], **wrong})
