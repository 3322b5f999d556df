"""A service with predictions from a table, to be killed: its arguments are FOLDER DATABASE_URL SOCKET."""

import socket
import sys
from pathlib import Path

import uvicorn

from serving.app import create_app
from serving.settings import Settings
from tests.unit.serving.table_predictor import TablePredictor

if __name__ == "__main__":
    folder, database_url, number = sys.argv[1:]
    app = create_app(Settings(work_folder=Path(folder), database_url=database_url), TablePredictor())
    config = uvicorn.Config(app, log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(number))])
