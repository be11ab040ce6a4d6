import gc
import threading
import time

import pytest
from fakes import chord, drums, make_session

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.web.clips import HeldClip
from compjax.web.jobs import BROKEN, EACH, ONCE, Job, JobState, Order, Steps
from compjax.web.worker import Full, JobWorker, Model

HEARD = ("tempo", "grid", "beats", "onsets", "chords")
PAIR = (HeldClip("a", drums(2)), HeldClip("b", chord(2)))


def wait_for(condition, seconds=10.0):
    """Until it holds, or the test fails."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def job(num_samples=1, visitor="", **options):
    return Job(Order(PAIR, options, num_samples), visitor)


def size(one):
    return sum(one.parts.values())


@pytest.fixture
def worker(session):
    made = JobWorker(lambda: session, max_jobs=3, max_jobs_each=3)
    made.start()
    yield made
    session.gate.set()
    made.stop()


def test_a_job_is_done(worker, session):
    one = job(2, seed=3)
    clips = sum(clip.audio.nbytes for clip in PAIR)
    assert one.busy and size(one) == clips
    worker.submit(one)
    wait_for(lambda: not one.busy)
    assert one.state is JobState.DONE and len(one.results) == 2 and size(one) > clips + 90_000
    [(input, target, rate, options)] = session.opened
    assert input is PAIR[0].audio and target is PAIR[1].audio
    assert (rate, options) == ((SAMPLE_RATE, SAMPLE_RATE), {"seed": 3})
    assert session.asked == [(0, {"seed": 3}), (1, {"seed": 3})]
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
    assert [given["seed"] for _, given in session.asked] == [0, 1, 2]
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
    assert [given["seed"] for _, given in session.asked] == [0, 2]


def test_a_running_job_is_cancelled_at_its_next_step(worker, session):
    session.gate.clear()
    one, after = job(5), job()
    worker.submit(one)
    worker.submit(after)
    wait_for(lambda: one.state is JobState.RUNNING)
    worker.cancel(one)
    session.gate.set()
    wait_for(lambda: after.state is JobState.DONE)
    assert one.state is JobState.CANCELLED and one.results == [] and one.order.clips == ()


def test_variations_that_are_finished_stay_when_the_rest_is_cancelled(worker, session):
    one = job(8)
    composed = session.step

    def step(progress, phase):
        if len(session.asked) == 3:
            one.cancel()
        composed(progress, phase)

    session.step = step
    worker.submit(one)
    wait_for(lambda: not one.busy)
    assert one.state is JobState.CANCELLED and len(one.results) == 2 and one.order.clips == PAIR


def test_a_pair_is_heard_once_and_forgotten_with_its_clips(worker, session):
    clips = (HeldClip("a", drums(2)), HeldClip("b", chord(2)))
    jobs = [Job(Order(clips, given)) for given in ({"seed": 1}, {"seed": 2}, {"rhythm": "target"})]
    for one in jobs:
        worker.submit(one)
    wait_for(lambda: not any(one.busy for one in jobs))
    assert len(session.opened) == 2 and len(session.asked) == 3
    assert len(worker.pairs) == 2
    session.opened.clear()
    jobs.clear()
    del clips, one
    gc.collect()
    wait_for(lambda: len(worker.pairs) == 0)


def test_of_many_pairs_those_used_last_are_kept(worker, session):
    jobs = [Job(Order((HeldClip("a", drums(2)), PAIR[1]), {})) for _ in range(5)]
    for one in jobs:
        worker.submit(one)
        wait_for(lambda one=one: not one.busy)
    assert len(worker.pairs) == 3
    worker.submit(last := Job(jobs[-1].order))
    wait_for(lambda: not last.busy)
    assert len(session.opened) == 5


def test_what_failed_lets_its_clips_go(worker, session):
    session.error = UserError("no")
    one = job()
    worker.submit(one)
    wait_for(lambda: not one.busy)
    assert size(one) == 0


def test_a_visitor_has_a_share_of_the_queue_and_others_come_between(session):
    worker = JobWorker(lambda: session, max_jobs=9, max_jobs_each=2)
    worker.start()
    session.gate.clear()
    first = job(visitor="ann", seed=0)
    worker.submit(first)
    wait_for(lambda: first.state is JobState.RUNNING)
    jobs = [job(visitor=who, seed=seed) for seed, who in enumerate(("ann", "ann", "bob", "bob"), 1)]
    for one in jobs:
        worker.submit(one)
    with pytest.raises(Full, match="2 compositions of yours"):
        worker.submit(job(visitor="ann"))
    assert [worker.position(one) for one in jobs] == [2, 4, 1, 3]
    session.gate.set()
    wait_for(lambda: not any(one.busy for one in jobs))
    assert [given["seed"] for _, given in session.asked] == [0, 3, 1, 4, 2]
    worker.stop()


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
    assert one.steps.share > 0.7 and set(one.order.clips[0].heard_by(worker.session)) == set(HEARD)
    worker.stop()


def test_progress_grows_from_nothing_to_all():
    steps = Steps(3, lambda: None)
    seen = [steps.share]
    for phase in (*ONCE, *list(EACH) * 3):
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
