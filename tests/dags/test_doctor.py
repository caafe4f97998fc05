"""What `assay doctor` says of the sandbox, where it holds programs and where it does not."""

import pytest

from dags import doctor
from schemas.languages import load_languages


def test_a_machine_that_holds_no_program_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "unavailable", lambda: "bubblewrap is not installed (there is no `bwrap` on PATH)")
    check = doctor._sandbox()
    assert not check.passed
    assert "bubblewrap is not installed" in check.found
    assert "apt-get install bubblewrap" in check.todo


def test_a_machine_that_holds_programs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "unavailable", lambda: "")
    assert doctor._sandbox() == doctor.Check("sandbox", True, "programs are held: no network, no files", "")


def test_missing_engines_are_no_fault_and_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", "/nowhere")
    check = doctor._engines()
    assert check.passed
    assert f"{len(load_languages())} languages cannot be read" in check.found
    assert "make readback" in check.todo


def test_a_machine_without_a_browser_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "no_browser", lambda: "there is no Chromium here")
    check = doctor._browser()
    assert check.passed
    assert "families of web pages make nothing" in check.found
    assert "apt-get install chromium" in check.todo
