"""The databases of the integration tests."""

from tests.integration.conftest import Api, anyio_backend, api, database_url

__all__ = ["Api", "anyio_backend", "api", "database_url"]
