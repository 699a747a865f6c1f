import pytest

from tests.filter.attached.packed import with_file
from tests.filter.exams import an_exam, found

SYMBOL = "SCRIPT_ATTACHMENT"


@pytest.mark.parametrize(
    ("name", "content"),
    [("Sicherung.sh", b"#!/bin/sh\nrm x"), ("rotate", b"#! /usr/bin/env python3\n")],
    ids=["German", "English"],
)
def test_an_attached_script_is_found(name: str, content: bytes) -> None:
    assert found(SYMBOL, an_exam(with_file(name, content))) == [name]


@pytest.mark.parametrize(
    ("name", "content"),
    [("Notiz.txt", b"#!? Das war laut."), ("notes.md", b"# Title\n#!/bin/sh")],
    ids=["German", "English"],
)
def test_other_texts_pass(name: str, content: bytes) -> None:
    assert found(SYMBOL, an_exam(with_file(name, content))) == []
