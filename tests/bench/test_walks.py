"""`make walks`: what counts as passed."""

import threading

from bench.structure import rings
from bench.walks.steps import Walks
from gpconnect.nhs_number import is_valid

NUMBER = "9658218873"


def test_the_products_functions_are_noted_in_every_thread_and_no_others() -> None:
    walks = Walks()
    with walks.walk("here"):
        is_valid(NUMBER)
        rings({"a": frozenset()})
    with walks.walk("there"):
        thread = threading.Thread(target=is_valid, args=(NUMBER,))
        thread.start()
        thread.join()
    with walks.walk("nowhere"):
        rings({})
    is_valid(NUMBER)

    assert walks.passed["here"] == {"gpconnect/nhs_number.py": {"is_valid", "_without_spaces"}}
    assert walks.passed["there"] == walks.passed["here"]
    assert walks.passed["nowhere"] == {}
