"""Ray that does not start is trouble of the machine, told in one sentence; versions are compared as PEP 440 does."""

from types import SimpleNamespace

import pytest

from dags import session
from dags.doctor import _normal
from dags.session import MachineError
from schemas.errors import UserError


@pytest.mark.parametrize("error", [Exception, RuntimeError, ConnectionError, ValueError])
def test_ray_that_does_not_start_is_trouble_of_the_machine(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray raises a bare `Exception` where a machine is too busy."""
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)  # a Ray that a test before started sets it

    def init(**_: object) -> None:
        raise error("The current node timed out during startup.\nMore lines.")

    with pytest.raises(MachineError, match=r"could not start: The current node timed out during startup\.\. Run the same command again"):
        session._init(SimpleNamespace(init=init), None, {})
    if error is ValueError:
        with pytest.raises(UserError, match="is not the address of a Ray cluster"):
            session._init(SimpleNamespace(init=init), "somewhere", {})
    else:
        with pytest.raises(MachineError, match=r"join the cluster at host:1: .* set RAY_AUTH_MODE=token"):
            session._init(SimpleNamespace(init=init), "host:1", {})


@pytest.mark.parametrize(("one", "other"), [("1.002", "1.2"), ("4.004", "4.4"), ("2.0", "2.0"), ("1.0b1", "1.0b1")])
def test_versions_may_have_leading_zeros(one: str, other: str) -> None:
    assert _normal(one) == _normal(other)
    assert _normal(one) != _normal(other + ".1")
