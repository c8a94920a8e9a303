# SPDX-License-Identifier: GPL-2.0-only
"""Cases that pass, fail, skip, die and hang, run by the real guest program."""

import sys
from pathlib import Path

import pytest

from artifact.errors import ArtifactError
from artifact.programs import cases
from artifact.programs.cases import Outcome, Result, Transcript

SAMPLE = """
import os, signal, time, unittest

class A(unittest.TestCase):
    def test_a_pass(self): print("noise on standard output")
    def test_b_fail(self): self.assertEqual(1, 2)
    def test_c_error(self): raise OSError(38, "Function not implemented")
    def test_d_skip(self): self.skipTest("not here")
    def test_e_dies(self): os.kill(os.getpid(), signal.SIGKILL)
    def test_f_exits(self): os._exit(3)
    def test_g_hangs(self): time.sleep(600)
    @unittest.expectedFailure
    def test_h_xfail(self): self.fail()
    @unittest.expectedFailure
    def test_i_upass(self): pass
    def test_j_sub(self):
        for n in range(3):
            with self.subTest(n=n): self.assertNotEqual(n, 1)
    def test_k_teardown(self): self.addCleanup(self.fail, "late")

class B(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError("no class")
    def test_a(self): pass
    def test_b(self): pass

class C(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("not this class")
    def test_a(self): pass

class D(unittest.TestCase):
    @classmethod
    def tearDownClass(cls): os._exit(4)
    def test_a(self): pass

class E(unittest.TestCase):
    def test_a(self): pass

def load_tests(loader, tests, pattern):
    import doctest
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\\n2\\n", {}, "elsewhere", None, 0)
    tests.addTest(doctest.DocTestCase(test))
    return tests
"""


@pytest.fixture
def argv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    package = tmp_path / "test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "support.py").touch()
    (package / "test_sample.py").write_text(SAMPLE)
    (package / "test_broken.py").write_text("import nothing_of_that_name\n")
    (package / "test_dead.py").write_text("import os; os._exit(5)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return [sys.executable, "-B", str(cases.PROGRAM)]


def test_every_case_has_its_outcome(argv: list[str], tmp_path: Path) -> None:
    results = [*cases.run(argv, "test.test_sample", tmp_path / "log", timeout=3.0)]
    found = {r.case.removeprefix("test.test_sample."): r for r in results}
    assert len(found) == len(results) == 17
    outcomes = {name: str(r.outcome) for name, r in found.items()}
    assert outcomes == {
        "A.test_a_pass": "pass", "A.test_b_fail": "fail", "A.test_c_error": "error",
        "A.test_d_skip": "skip", "A.test_e_dies": "crash", "A.test_f_exits": "crash",
        "A.test_g_hangs": "timeout", "A.test_h_xfail": "xfail", "A.test_i_upass": "upass",
        "A.test_j_sub": "fail", "A.test_k_teardown": "fail", "B.test_a": "error",
        "B.test_b": "error", "C.test_a": "skip", "D.test_a": "pass", "E.test_a": "pass",
        "test.test_sample:elsewhere": "pass",
    }  # fmt: skip
    assert "Function not implemented" in found["A.test_c_error"].reason
    assert found["A.test_e_dies"].reason == "killed by signal 9"
    assert found["A.test_f_exits"].reason == "ended with exit code 3"
    assert found["A.test_g_hangs"].reason == "no word for 3 s"
    assert "no class" in found["B.test_b"].reason
    assert "noise" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("module", "outcome"), [("test_broken", "error"), ("test_dead", "crash"), ("test_no", "error")]
)
def test_a_module_that_cannot_be_loaded(
    argv: list[str], tmp_path: Path, module: str, outcome: str
) -> None:
    (result,) = cases.run(argv, f"test.{module}", tmp_path / "log")
    assert result.outcome == outcome
    assert module in result.case


def test_results_are_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    result = Result(case="a.b", outcome=Outcome.PASS, seconds=0.5, reason="")
    cases.write(file, [result])
    cases.write(file, [result])
    assert cases.read(file) == [result, result]
    file.write_text(file.read_text() + '{"case": "x"}\n')
    with pytest.raises(ArtifactError, match=r"results.jsonl:3: Field required"):
        cases.read(file)


@pytest.mark.parametrize(
    "text",
    ["Traceback", '{"end": 0}', '{"end": 0, "outcome": "good", "seconds": 1, "reason": ""}', "[]"],
)
def test_nonsense_is_refused(text: str) -> None:
    script = Transcript()
    script.line('{"start": 0, "case": "a.b"}')
    with pytest.raises(ArtifactError, match="the guest program said"):
        script.line(text)
