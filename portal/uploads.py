"""Requests that may be larger than a form: files that go along with a mail."""

from tempfile import TemporaryFile
from typing import IO, Any

from flask import Flask, Request, current_app, request

LARGER = frozenset({"write.act", "write.attach", "moving.read"})


class Uploading(Request):
    """A request whose files lie where nobody else can read them."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return TemporaryFile(dir=current_app.extensions["settings"].spool_folder)


def init_app(app: Flask) -> None:
    """Let pages that take files have as much as a mail may have."""
    app.request_class = Uploading

    # It runs before anything reads the form.
    @app.url_value_preprocessor
    def allow_more(endpoint: str | None, _values: dict[str, Any] | None) -> None:
        if endpoint in LARGER:
            request.max_content_length = current_app.extensions["settings"].max_message_bytes
            request.max_form_memory_size = current_app.config["MAX_CONTENT_LENGTH"]
