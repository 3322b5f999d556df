"""Reading what a client sends: bounded, decompressed, checked."""

import zlib
from codecs import BOM_UTF8
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from serving.errors import InvalidRequestError, MalformedBodyError, TooLargeError, UnsupportedMediaError
from serving.web.problems import invalid_request
from serving.web.twice import name_twice

B = TypeVar("B", bound=BaseModel)


def media_type(request: Request) -> str:
    """Content type of the request without its parameters, in lower case; JSON where none is given."""
    return request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body, decompressed where it is gzip; at most ``max_bytes``, before decompression and after it.

    A byte order mark at its beginning, as Excel and PowerShell write one, is none of it.

    Raises `TooLargeError`, `UnsupportedMediaError` (another encoding) or `MalformedBodyError` (broken gzip).
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip"}:
        raise UnsupportedMediaError(f"Content-Encoding {encoding!r} is not read here: send gzip, or nothing")
    inflating = _Inflating() if encoding == "gzip" else None
    parts: list[bytes] = []
    received = size = 0
    async for chunk in request.stream():
        received += len(chunk)
        part = chunk if inflating is None else inflating.more(chunk, max_bytes - size + 1)
        size += len(part)
        if max(received, size) > max_bytes:
            raise TooLargeError(f"The body may have {max_bytes:,} bytes (after decompression): send it in parts")
        parts.append(part)
    if inflating is not None and not inflating.member.eof:
        raise MalformedBodyError("The gzip body ends too early")
    return b"".join(parts).removeprefix(BOM_UTF8)


def read_json(model: type[B], content: bytes) -> B:
    """``content`` as ``model``: a number is no text, a truth no number, and each name stands once.

    Raises `MalformedBodyError` or `InvalidRequestError`.
    """
    try:
        read = model.model_validate_json(content, strict=True)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise MalformedBodyError(f"The body is not JSON: {error.errors()[0]['msg']}") from error
        raise invalid_request(error) from error
    if (twice := name_twice(content)) is not None:
        raise InvalidRequestError(f"{twice.field}: {twice.message}", [twice])
    return read


class _Inflating:
    """A gzip body that comes in pieces. It may be several files, one after the other: together they are one."""

    def __init__(self) -> None:
        self.member = _member()

    def more(self, chunk: bytes, max_bytes: int) -> bytes:
        """Decompress the next piece. What is more than ``max_bytes`` (at least 1) is lost."""
        parts: list[bytes] = []
        while chunk and max_bytes > 0:
            if self.member.eof:
                self.member = _member()
            try:
                parts.append(self.member.decompress(chunk, max_bytes))
            except zlib.error as error:
                raise MalformedBodyError(f"The body says it is gzip, and is not: {error}") from error
            max_bytes -= len(parts[-1])
            chunk = self.member.unused_data
        return b"".join(parts)


def _member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=31)
