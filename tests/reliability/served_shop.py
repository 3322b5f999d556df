"""A service with predictions from a table, as a process that can be killed; its arguments are FOLDER DATABASE_URL PORT."""

import sys
from pathlib import Path

import uvicorn

from serving.app import create_app
from serving.settings import Settings
from tests.unit.serving.table_predictor import TablePredictor

if __name__ == "__main__":
    folder, database_url, port = sys.argv[1:]
    app = create_app(Settings(work_folder=Path(folder), database_url=database_url), TablePredictor())
    uvicorn.run(app, port=int(port), log_config=None, access_log=False)
