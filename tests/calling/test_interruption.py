"""Ctrl-C: real signals to programs of their own."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.calling import interrupted

PROGRAM = Path(interrupted.__file__)
PATIENCE = 60.0
"""Seconds: much more than anything here takes, so that a busy machine fails no test."""
ENVIRONMENT = {**os.environ, "HLOC_CACHE": "off", "PYTHONPATH": str(PROGRAM.parents[2])}


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def lines_until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(word):
            return line
    pytest.fail(process.communicate()[1])


@pytest.mark.parametrize("case", [case.__name__ for case in interrupted.CASES])
def test_a_signal_ends_the_wait_and_the_program_goes_on(case: str, tmp_path: Path) -> None:
    with start(str(PROGRAM), case, str(tmp_path)) as process:
        lines_until(process, "READY")
        time.sleep(0.3)
        for _ in range({"many_times": 3, "another_handler": 1}.get(case, 0)):
            process.send_signal(signal.SIGINT)
            lines_until(process, "AGAIN")
            time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        lines_until(process, "INTERRUPTED")
        lines_until(process, "goes on")
        assert process.wait(PATIENCE) == 7


@pytest.mark.parametrize("seconds", [0.15, 0.3, 0.5, 0.8])
def test_work_may_end_while_python_is_torn_down(seconds: float) -> None:
    code = f"from tests.calling.interrupted import ending_soon; import sys, time; sys.argv[1:] = ['', '{seconds}']"
    end = "try: ending_soon(); time.sleep(60)\nexcept KeyboardInterrupt: sys.exit(7)"
    with start("-c", f"{code}\n{end}") as process:
        lines_until(process, "READY")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 7


def test_without_a_handler_the_signal_ends_the_program() -> None:
    code = f"import runpy; runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
    default = f"import sys, signal; signal.signal(2, signal.SIG_DFL); sys.argv[1:] = ['first_call']; {code}"
    with start("-c", default) as process:
        lines_until(process, "READY")
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGINT


def test_calls_at_the_end_of_the_program() -> None:
    code = """
import atexit
from tests.calling.interrupted import collatz
atexit.register(lambda: print(collatz(27)))
class Late:
    def __del__(self): print(collatz(27))
late = Late()
"""
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE
    )
    assert found.stdout.splitlines()[:1] == ["111"], found.stderr
    assert found.returncode == 0


class Prompt:
    """Python at a terminal."""

    def __init__(self) -> None:
        self.process_id, self.terminal = pty.fork()
        if self.process_id == 0:
            os.execve(sys.executable, [sys.executable, "-q", "-i"], {**ENVIRONMENT, "PYTHON_BASIC_REPL": "1"})
        self.seen = ""

    def send(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def expect(self, text: str) -> None:
        """Read until `text` comes."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self.terminal], [], [], 1.0)
            if ready:
                self.seen += os.read(self.terminal, 4096).decode(errors="replace")
            assert time.monotonic() < end, self.seen
        self.seen = self.seen.partition(text)[2]

    def end(self) -> int:
        _, status = os.waitpid(self.process_id, 0)
        return os.waitstatus_to_exitcode(status)


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # jax says so where another test has imported it
def test_at_the_prompt() -> None:
    prompt = Prompt()
    prompt.send("from tests.calling.interrupted import collatz; print('im' + 'ported')\n")
    prompt.expect("imported")
    prompt.send("print('start' + 'ed'); collatz(0)\n")
    prompt.expect("started")
    time.sleep(0.5)
    prompt.send("\x03")
    prompt.expect("KeyboardInterrupt")
    prompt.send("print('again', collatz(27))\n")
    prompt.expect("again 111")
    prompt.send("raise SystemExit(5)\n")
    assert prompt.end() == 5


@pytest.mark.parametrize("environment", [{}, {"HLOC_INTERRUPT": "off"}])
def test_a_signal_at_any_time_leaves_all_arguments_old_or_new(environment: dict[str, str]) -> None:
    found = subprocess.run(
        [sys.executable, str(PROGRAM.with_name("storm.py")), "1"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT | environment,
        timeout=PATIENCE,
    )
    assert found.stdout.endswith("sound\n"), found.stdout + found.stderr
