"""The commands take long: they are spread among the other tests, so that no processor gets all."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = [item for item in items if item.path.name == "test_faults.py"]
    others = [item for item in items if item.path.name != "test_faults.py"]
    stride = len(others) // (len(long) + 1) + 1
    items[:] = []
    while others or long:
        items += others[:stride] + long[:1]
        others, long = others[stride:], long[1:]
