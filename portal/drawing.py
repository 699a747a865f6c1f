"""What templates draw most, made cheap: addresses of pages, icons, parts that repeat."""

from collections.abc import Callable
from functools import lru_cache
from types import FunctionType, MethodType
from typing import Any

from flask import Flask, request, url_for
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Expr, For
from jinja2.runtime import Context
from markupsafe import Markup, escape

from mailstore.messages import Message
from mailstore.wording import N_
from portal.voices import Voice

# No id of ours, so that it stands once in an address.
_GAP = 7_070_707_070_707


class Lean(CodeGenerator):
    """Compiles templates so that what they show goes through `finalize` alone, which escapes.

    Jinja 3.1 wraps each value in two calls and up to two objects more, a third of a list's time.
    """

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: Any) -> None:
        if not _only_finalizes(frame, finalize):
            super()._output_child_pre(node, frame, finalize)
            return
        self.write(finalize.src)

    def _output_child_post(self, node: Expr, frame: Frame, finalize: Any) -> None:
        if not _only_finalizes(frame, finalize):
            super()._output_child_post(node, frame, finalize)
            return
        self.write(")")

    def visit_For(self, node: For, frame: Frame) -> None:  # noqa: N802 (the name is Jinja's)
        """Give what a loop draws in one piece, and not each bit through all templates it is in."""
        if frame.buffer is not None or frame.require_output_check:
            super().visit_For(node, frame)
            return
        self.buffer(frame)
        super().visit_For(node, frame)
        self.writeline(f"yield concat({frame.buffer})")
        frame.buffer = None


def _only_finalizes(frame: Frame, finalize: Any) -> bool:
    escapes = frame.eval_ctx.autoescape and not frame.eval_ctx.volatile
    return bool(escapes and finalize.src)


class Direct(Context):
    """Calls functions and methods at once: what Jinja looks up before takes longer than they do."""

    def call(self, what: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call something as a template does."""
        if type(what) in _CALLED and not hasattr(what, "jinja_pass_arg"):
            # What loops and blocks know is for functions that ask for the context.
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return what(*args, **kwargs)
        return super().call(what, *args, **kwargs)


_CALLED = frozenset({FunctionType, MethodType})


def init_app(app: Flask) -> None:
    """Give templates their quick ways."""
    folder = f"{app.static_url_path}/"

    @lru_cache
    def icon(name: str) -> Markup:
        return Markup(
            '<svg class="icon" aria-hidden="true" focusable="false">'
            '<use href="{}icons.svg#{}"></use></svg>'
        ).format(folder, name)

    app.jinja_env.globals.update(drawn_icon=icon, url_for=_addresses(), once=once)


def _addresses() -> Callable[..., str]:
    """Return what does as `url_for` does, but keeps addresses with no more than a number in them.

    A list has a few hundred, and werkzeug builds each of them from the map of all routes.
    """
    kept: dict[tuple[str | None, str, str], list[str]] = {}

    def address(endpoint: str, /, **values: Any) -> str:
        name = next(iter(values), "")
        if len(values) > 1 or (name and type(values[name]) is not int) or request.script_root:
            return url_for(endpoint, **values)
        key = (request.blueprint if endpoint.startswith(".") else "", endpoint, name)
        if key not in kept:
            gap: dict[str, Any] = {name: _GAP} if name else {}
            made = url_for(endpoint, **gap)
            kept[key] = made.split(str(_GAP)) if name else [made]
        return str(values.get(name, "")).join(kept[key])

    return address


def author(voice: Voice, message: Message) -> Markup:
    """Return who wrote a mail, and the envelope's sender too where it is another address."""
    name, address, sender = message.author_name, message.author, message.sender
    shown = message.author_shown or voice.text(N_("unknown sender"))
    parts = ['<span class="author-name">', escape(shown), "</span>"]
    if name and address:
        parts += [' <span class="author-address">', escape(address), "</span>"]
    if sender and address and sender.lower() != address.lower():
        via = voice.text(N_("sent by %(sender)s"), sender=sender)
        parts += ['\n<span class="author-via">', via, "</span>"]
    return Markup("".join(parts))  # noqa: S704 (what is not ours is escaped above)


def once(macro: Callable[..., Any]) -> Callable[..., Any]:
    """Return a macro that draws each thing once a page, for those that draw the same again."""
    drawn: dict[tuple[Any, ...], Any] = {}

    def draw(*what: Any) -> Any:
        if what not in drawn:
            drawn[what] = macro(*what)
        return drawn[what]

    return draw
