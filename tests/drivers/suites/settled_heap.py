"""A plugin for pytest in the suites' environments: what was loaded before the first test is not
looked through again. psycopg's tests collect garbage three times each, over thousands of tests."""

import gc


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
