import threading
import time

import pytest
from fakes import chord, drums, make_session

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.web.clips import HeldClip
from compjax.web.jobs import BROKEN, Full, Job, JobState, JobWorker, Model, Order, Steps

HEARD = ("tempo", "beats", "onsets", "chords")
PAIR = (HeldClip("a", drums(2)), HeldClip("b", chord(2)))


def wait_for(condition, seconds=10.0):
    """Until it holds, or the test fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def job(num_samples=1, **options):
    return Job(Order(*PAIR, options, num_samples))


@pytest.fixture
def worker(session):
    made = JobWorker(lambda: session, max_jobs=3)
    made.start()
    yield made
    session.gate.set()
    made.stop()


def test_a_job_is_done(worker, session):
    one = job(2, seed=3)
    assert one.busy and one.size == 0
    worker.submit(one)
    wait_for(lambda: not one.busy)
    assert one.state is JobState.DONE and len(one.results) == 2 and one.size > 90_000
    [(input, target, num_samples, rate, options)] = session.asked
    assert input is PAIR[0].audio and target is PAIR[1].audio
    assert (num_samples, rate, options) == (2, SAMPLE_RATE, {"seed": 3})
    assert set(one.results[0].files) == {".wav", ".mid", ".json"} and one.aligned.startswith(b"RIFF")


def test_one_at_a_time_in_their_order(worker, session):
    session.gate.clear()
    jobs = [job(seed=i) for i in range(3)]
    for one in jobs:
        worker.submit(one)
    wait_for(lambda: jobs[0].state is JobState.RUNNING)
    assert [worker.position(one) for one in jobs] == [0, 1, 2]
    assert [one.state for one in jobs[1:]] == [JobState.QUEUED] * 2 and worker.waiting == 2
    session.gate.set()
    wait_for(lambda: not any(one.busy for one in jobs))
    assert [asked[4]["seed"] for asked in session.asked] == [0, 1, 2]
    assert worker.position(jobs[2]) == 0


def test_a_waiting_job_is_cancelled_and_the_next_moves_up(worker, session):
    session.gate.clear()
    jobs = [job(seed=i) for i in range(3)]
    for one in jobs:
        worker.submit(one)
    wait_for(lambda: jobs[0].state is JobState.RUNNING)
    worker.cancel(jobs[1])
    assert jobs[1].state is JobState.CANCELLED and worker.position(jobs[2]) == 1
    session.gate.set()
    wait_for(lambda: jobs[2].state is JobState.DONE)
    assert [asked[4]["seed"] for asked in session.asked] == [0, 2]


def test_a_running_job_is_cancelled_at_its_next_step(worker, session):
    session.gate.clear()
    one, after = job(5), job()
    worker.submit(one)
    worker.submit(after)
    wait_for(lambda: one.state is JobState.RUNNING)
    worker.cancel(one)
    session.gate.set()
    wait_for(lambda: after.state is JobState.DONE)
    assert one.state is JobState.CANCELLED and one.results == []


def test_the_queue_has_an_end(worker, session):
    session.gate.clear()
    first = job()
    worker.submit(first)
    wait_for(lambda: first.state is JobState.RUNNING)
    for _ in range(3):
        worker.submit(job())
    with pytest.raises(Full, match="try again"):
        worker.submit(job())


def test_a_users_error_is_told_and_another_is_not(worker, session):
    session.error = UserError("the input is silent; give a clip with sound in it")
    mistaken = job()
    worker.submit(mistaken)
    wait_for(lambda: not mistaken.busy)
    assert (mistaken.state, mistaken.error) == (JobState.FAILED, str(session.error))
    session.error = RuntimeError("/secret/path")
    broken = job()
    worker.submit(broken)
    wait_for(lambda: not broken.busy)
    assert (broken.state, broken.error) == (JobState.FAILED, BROKEN)
    session.error = None
    good = job()
    worker.submit(good)
    wait_for(lambda: good.state is JobState.DONE)


def test_jobs_wait_for_the_model(session):
    loaded = threading.Event()

    def load():
        assert loaded.wait(10)
        return session

    worker = JobWorker(load, 3)
    worker.start()
    one = job()
    worker.submit(one)
    assert worker.model is Model.LOADING and one.state is JobState.QUEUED and worker.position(one) == 0
    loaded.set()
    wait_for(lambda: one.state is JobState.DONE)
    assert worker.model is Model.READY
    worker.stop()


@pytest.mark.parametrize(
    "error, told", [(UserError("no such weights"), "no such weights"), (OSError("x"), BROKEN)]
)
def test_a_model_that_cannot_be_loaded_fails_all_jobs(error, told):
    asked = threading.Event()

    def load():
        assert asked.wait(10)
        raise error

    worker = JobWorker(load, 3)
    worker.start()
    one = job()
    worker.submit(one)
    asked.set()
    wait_for(lambda: worker.model is Model.FAILED)
    assert one.state is JobState.FAILED and told in one.error
    with pytest.raises(UserError, match="could not be loaded"):
        worker.submit(job())
    worker.stop()


def test_stopping_cancels_everything(session):
    worker = JobWorker(lambda: session, 3)
    worker.start()
    session.gate.clear()
    jobs = [job(), job()]
    for one in jobs:
        worker.submit(one)
    wait_for(lambda: jobs[0].state is JobState.RUNNING)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    wait_for(lambda: jobs[1].state is JobState.CANCELLED)
    session.gate.set()
    stopping.join(10)
    assert not stopping.is_alive() and jobs[0].state is JobState.CANCELLED


def test_a_real_session_serves_as_well():
    worker = JobWorker(lambda: make_session(), 3)
    worker.start()
    one = job(2, arranger="network")
    worker.submit(one)
    wait_for(lambda: not one.busy, 120)
    assert one.state is JobState.DONE, one.error
    first, second = one.results
    assert first.files[".wav"] != second.files[".wav"] and first.picture["notes"]
    assert one.steps.share > 0.7 and set(one.order.input.heard_by(worker.session)) == set(HEARD)
    worker.stop()


ONCE = ("read", "align", "report", "encode", "listen", "select")
EACH = ("compose", "render", "decode", "report")


def test_progress_grows_from_nothing_to_all():
    steps = Steps(3, lambda: None)
    seen = [steps.share]
    for phase in (*ONCE, *EACH * 3):
        steps(phase, 0, 2)
        steps(phase, 1, 2)
        steps(phase, 2, 2)
        seen.append(steps.share)
        assert steps.phase == phase and steps.words
    assert seen[0] == 0.0 and seen[-1] == pytest.approx(1.0)
    assert all(earlier < later for earlier, later in zip(seen, seen[1:], strict=False))


def test_phases_that_nobody_planned_do_no_harm():
    steps = Steps(1, lambda: None)
    steps("encode", 1, 1)
    share = steps.share
    steps("polish", 1, 2)
    steps("read", 1, 1)  # long over
    assert steps.share == share and steps.phase == "encode"


def test_a_check_that_raises_stops_the_work():
    def check():
        raise KeyError

    with pytest.raises(KeyError):
        Steps(1, check)("read", 0, 1)
