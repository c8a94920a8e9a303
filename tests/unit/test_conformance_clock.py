# SPDX-License-Identifier: GPL-2.0-only
"""Driven time: it passes only while somebody waits, in steps, and what is there comes first."""

from collections import deque

from artifact.conformance.clock import FIRST_STEP_S, LARGEST_STEP_S, DrivenClock


class Stack:
    """Sends a frame at a given time of its own."""

    def __init__(self, at: float) -> None:
        self.at, self.now = at, 0.0
        self.frames: deque[bytes] = deque()
        self.steps: list[float] = []

    def advance(self, seconds: float) -> None:
        self.steps.append(seconds)
        if self.now < self.at <= self.now + seconds:
            self.frames.append(b"frame")
        self.now += seconds

    def take(self, deadline: float) -> bytes | None:
        assert deadline == 0  # there is nothing to wait for
        return self.frames.popleft() if self.frames else None


def test_a_frame_that_is_there_costs_no_time() -> None:
    stack = Stack(at=5)
    stack.frames.append(b"early")
    clock = DrivenClock(stack.advance)
    assert clock.wait(stack.take, 10) == b"early"
    assert clock.now() == 0


def test_time_passes_up_to_the_frame_in_small_steps() -> None:
    stack = Stack(at=30)
    clock = DrivenClock(stack.advance)
    assert clock.wait(stack.take, 60) == b"frame"
    assert 30 <= clock.now() < 30 + LARGEST_STEP_S
    assert stack.steps[0] == FIRST_STEP_S
    assert max(stack.steps) <= LARGEST_STEP_S


def test_silence_lasts_up_to_the_deadline() -> None:
    stack = Stack(at=99)
    clock = DrivenClock(stack.advance)
    assert clock.wait(stack.take, 2.0) is None
    assert 2.0 <= clock.now() < 2.0 + 2 * FIRST_STEP_S


def test_a_deadline_that_has_passed_still_lets_the_stack_handle_what_it_was_sent() -> None:
    stack = Stack(at=FIRST_STEP_S / 2)
    clock = DrivenClock(stack.advance)
    assert clock.wait(stack.take, 0) == b"frame"


def test_captures_show_the_time_that_was_let_pass() -> None:
    clock = DrivenClock(Stack(at=99).advance)
    before = clock.stamp()
    clock.wait(lambda deadline: None, 3.0)
    assert clock.stamp() - before == round(clock.now() * 1e9)
