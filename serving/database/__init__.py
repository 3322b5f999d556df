"""State: tables, migrations, and the statements on them. SQLite embedded, PostgreSQL the real one."""
