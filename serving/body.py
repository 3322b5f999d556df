"""Reading what a client sends: bounded, decompressed, checked."""

import zlib
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from serving.errors import MalformedBodyError, TooLargeError, UnsupportedMediaError
from serving.problems import invalid_request

B = TypeVar("B", bound=BaseModel)


def media_type(request: Request) -> str:
    """Content type of the request without its parameters, in lower case; JSON where none is given."""
    return request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body, decompressed where it is gzip; at most ``max_bytes``, counted after decompression.

    Raises `TooLargeError`, `UnsupportedMediaError` (another encoding) or `MalformedBodyError` (broken gzip).
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise UnsupportedMediaError(f"Content-Encoding {encoding!r} is not read here: send gzip, or nothing")
    inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        part = chunk if inflate is None else _inflated(inflate, chunk, max_bytes - size + 1)
        size += len(part)
        if size > max_bytes:
            raise TooLargeError(f"The body may have {max_bytes:,} bytes (after decompression): send it in parts")
        parts.append(part)
    if inflate is not None and not inflate.eof:
        raise MalformedBodyError("The gzip body ends too early")
    return b"".join(parts)


def read_json(model: type[B], content: bytes) -> B:
    """``content`` as ``model``. Raises `MalformedBodyError` or `InvalidRequestError`."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise MalformedBodyError(f"The body is not JSON: {error.errors()[0]['msg']}") from error
        raise invalid_request(error) from error


def _inflated(inflate: "zlib._Decompress", chunk: bytes, max_bytes: int) -> bytes:
    try:
        return inflate.decompress(chunk, max_bytes)
    except zlib.error as error:
        raise MalformedBodyError(f"The body says it is gzip, and is not: {error}") from error
