"""A service with predictions from a table, to be killed."""

import logging
import socket
from pathlib import Path

import structlog
import uvicorn

from serving.app import create_app
from serving.settings import Settings
from tests.unit.serving.table_predictor import TablePredictor


def serve(folder: Path, database_url: str, listening: socket.socket) -> None:
    """Answer on ``listening`` until killed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    app = create_app(Settings(work_folder=folder, database_url=database_url), TablePredictor())
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])
