"""The databases of the integration tests."""

from tests.integration.conftest import Api, anyio_backend, api, database_url, kept_postgres, sqlite_with_tables

__all__ = ["Api", "anyio_backend", "api", "database_url", "kept_postgres", "sqlite_with_tables"]
