import io
import json
import os
import tempfile
import threading
import time
import zipfile

import mido
import pytest
import soundfile
from fakes import drums

from compjax.constants import SAMPLE_RATE
from compjax.errors import UserError
from compjax.music.time.meter import GridSettings, Meter
from compjax.web.app import STATIC, sweep_leftovers


def upload(client, body, name="clip.wav"):
    return client.post("/api/clips", params={"name": name}, content=body)


@pytest.fixture
def pair(client, sounds):
    """Ids of two clips that were uploaded."""
    return {role: upload(client, body, f"{role}.wav").json()["id"] for role, body in sounds.items()}


def finished(client, composition):
    """What the server says of a composition that is over."""
    for _ in range(2000):
        said = client.get(f"/api/compositions/{composition}").json()
        if said["state"] not in ("queued", "running"):
            return said
        time.sleep(0.005)
    raise AssertionError("it never ended")


def refused(answer, status, code, message):
    """The answer is one line of that kind."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert message in body["error"] and "\n" not in body["error"]


def test_the_page_and_its_files(client):
    kinds = {"/": "text/html", "/style.css": "text/css"}
    kinds |= {f"/{path.name}": "text/javascript" for path in STATIC.glob("*.js")}
    assert "/page.js" in kinds and len(kinds) > 10
    for path, kind in kinds.items():
        answer = client.get(path)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith(kind)
    assert "http" not in client.get("/style.css").text


@pytest.mark.parametrize(
    "path",
    [
        "/static/page.js",
        "/app.py",
        "/..%2fapp.py",
        "/api/clips/..%2f..%2fetc%2fpasswd",
        "/api/clips/x/audio.wav",
        "/api/clips/x/spectrogram",
        "/api/clips/x/heard",
        "/api/compositions/x",
        "/api/compositions/x/0/out.wav",
        "/api/compositions/x/target.wav",
    ],
)
def test_nothing_is_found_under_other_names(client, path):
    assert client.get(path).status_code == 404


def test_status_tells_limits_and_examples(serve):
    status = serve(max_seconds=9, max_samples=3).get("/api/status").json()
    assert status["limits"]["max_seconds"] == 9 and status["limits"]["max_samples"] == 3
    assert status["model"] in ("loading", "ready")
    assert all(set(pair.values()) <= set(status["examples"]) for pair in status["example_pairs"])


def test_upload_and_look_at_a_clip(client, sounds, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = upload(client, sounds["input"], "../../etc/drums.wav")
    assert answer.status_code == 201
    clip = answer.json()
    assert clip["name"] == "drums.wav" and clip["seconds"] == 2.0
    at = f"/api/clips/{clip['id']}"
    assert client.get(at).json() == clip
    sound, rate = soundfile.read(io.BytesIO(client.get(f"{at}/audio.wav").content))
    assert rate == SAMPLE_RATE and sound.shape == (2 * SAMPLE_RATE,)
    picture = client.get(f"{at}/spectrogram").json()
    assert picture["bands"] == 128 and picture["columns"] == 150
    assert os.listdir(tmp_path) == []  # nothing of it is left on the disk
    assert client.delete(at).status_code == 204
    refused(client.get(at), 404, "gone", "deleted")
    refused(client.delete(at), 404, "gone", "deleted")


def test_examples(client):
    clip = client.post("/api/examples/drums").json()
    assert clip["name"] == "Percussion" and clip["seconds"] == 8.0
    refused(client.post("/api/examples/..%2fpasswd"), 404, "not_found", "")
    refused(client.post("/api/examples/passwd"), 422, "bad_data", "no example")


def test_bad_uploads_get_one_line(serve, tmp_path, monkeypatch):
    client = serve(max_seconds=3, max_megabytes=0.3)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    refused(upload(client, b"no sound " * 99, "notes.txt"), 422, "bad_data", "notes.txt: not a WAV")
    refused(upload(client, b"", "empty.wav"), 422, "bad_data", "empty.wav")
    refused(upload(client, b"x" * 300_001, "huge.wav"), 413, "too_large", "huge.wav: more than the 0.3 MB")
    buffer = io.BytesIO()
    soundfile.write(buffer, drums(4), SAMPLE_RATE, format="FLAC")
    refused(upload(client, buffer.getvalue(), "long.flac"), 422, "bad_data", "4 seconds is too long")
    assert os.listdir(tmp_path) == []


def test_what_is_heard_waits_for_the_model(serve, session, sounds):
    loaded = threading.Event()
    client = serve(load=lambda: loaded.wait(10) and session)
    at = f"/api/clips/{upload(client, sounds['input']).json()['id']}/heard"
    refused(client.get(at), 503, "loading", "loading")
    assert int(client.get(at).headers["retry-after"]) > 0
    loaded.set()
    while client.get("/api/status").json()["model"] == "loading":
        time.sleep(0.005)
    heard = client.get(at).json()
    assert set(heard) == {"tempo", "grid", "beats", "onsets", "chords"}
    assert heard == client.get(at).json() and len(session.listened) == 1  # and once only
    assert session.listened[0][0].size == 2 * SAMPLE_RATE and session.listened[0][1] == SAMPLE_RATE
    client.get(at, params={"bpm": 60, "meter": "3/4", "downbeat": 0.5})
    assert session.listened[1][2] == GridSettings(60.0, Meter(3, 4), 0.5)
    refused(client.get(at, params={"meter": "often"}), 422, "bad_data", "meter")


def test_compose_and_download(client, session, pair, sounds):
    wanted = {**pair, "rhythm": "input", "seed": 7, "num_samples": 2, "align": False}
    answer = client.post("/api/compositions", json=wanted)
    assert answer.status_code == 202 and answer.json()["state"] in ("queued", "running", "done")
    done = finished(client, answer.json()["id"])
    assert done["state"] == "done" and done["progress"] == 1.0 and not done["error"]
    said = {"rhythm": "input", "seed": 7, "align": False}
    assert done["options"] == {**said, "num_samples": 2, "variation": 0}
    assert session.asked == [(0, said), (1, said)]
    assert [result["variation"] for result in done["results"]] == [0, 1]
    report = session.composition.report
    result = done["results"][1]
    assert result["words"] == report["words"] and result["verdict"] == report["verdict"]
    sound = client.get(result["files"]["wav"])
    assert soundfile.info(io.BytesIO(sound.content)).frames == 2 * SAMPLE_RATE
    assert sound.headers["content-disposition"] == 'attachment; filename="input_target_seed7_1.wav"'
    assert mido.MidiFile(file=io.BytesIO(client.get(result["files"]["mid"]).content)).length > 0
    assert json.loads(client.get(result["files"]["json"]).content)["verdict"] == report["verdict"]
    picture = client.get(result["picture"]).json()
    assert len(picture["notes"]) == len(session.composition.notes) and picture["seconds"] == 2.0
    assert len(picture["weights"]["components"]) == 6
    for name in ("input", "target"):
        assert client.get(f"/api/compositions/{done['id']}/{name}.wav").content.startswith(b"RIFF")
    flac = soundfile.info(io.BytesIO(client.get(result["files"]["flac"]).content))
    assert flac.format == "FLAC" and flac.frames == 2 * SAMPLE_RATE
    assert "0.500  high" in client.get(result["files"]["groove"]).text
    assert client.get(result["files"]["chords"]).text == picture["chords_text"]
    assert picture["hits"] == picture["onsets"] and picture["grid"]["meter"] == "4/4"
    refused(client.get(f"/api/compositions/{done['id']}/2/out.wav"), 404, "gone", "variation")
    refused(client.get(f"/api/compositions/{done['id']}/0/out.exe"), 404, "gone", "file")


def test_what_was_edited_is_composed_on(client, session, pair):
    edited = {"hits": [[0.5, 0, 1.0]], "notes": [[0.0, 1.0, 60, 0.5]], "variation": 4}
    done = finished(client, client.post("/api/compositions", json={**pair, **edited}).json()["id"])
    assert done["options"]["variation"] == 4
    [(index, given)] = session.asked
    assert index == 4 and given["hits"].hits[0].time == 0.5 and given["notes"][0].pitch == 60


def test_a_variation_is_heard_before_its_report_is_there(client, session, pair):
    composed, reached = session.step, threading.Event()

    def step(progress, phase):
        if phase == "report" and session.asked:
            reached.set()
            session.gate.clear()
        composed(progress, phase)

    session.step = step
    at = f"/api/compositions/{client.post('/api/compositions', json=pair).json()['id']}"
    assert reached.wait(10)
    said = client.get(at).json()
    assert said["results"] == [] and client.get(said["early"]).content.startswith(b"RIFF")
    session.gate.set()
    assert finished(client, said["id"])["early"] is None
    refused(client.get(f"{at}/early.wav"), 404, "gone", "sound")


def test_takes_come_as_a_zip(client, pair):
    made = [finished(client, client.post("/api/compositions", json=pair).json()["id"]) for _ in range(2)]
    takes = [f"{done['id']}:0:{name}" for done, name in zip(made, ("My take", "../x"), strict=True)]
    answer = client.get("/api/takes.zip", params={"take": takes})
    assert answer.headers["content-type"] == "application/zip"
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert names[:3] == [f"01-my-take/01-my-take{suffix}" for suffix in (".wav", ".mid", ".json")]
    assert names[3].startswith("02-x/")
    refused(client.get("/api/takes.zip"), 422, "bad_data", "1 to 100")
    for wrong in ("x", f"{made[0]['id']}:7:x", f"{made[0]['id']}:-1:x", "::"):
        refused(client.get("/api/takes.zip", params={"take": wrong}), 404, "gone", "take")


def test_cancelling_keeps_what_is_finished(client, session, pair):
    composed = session.step

    def step(progress, phase):
        if len(session.asked) == 2:
            session.gate.clear()
        composed(progress, phase)

    session.step = step
    at = f"/api/compositions/{client.post('/api/compositions', json={**pair, 'num_samples': 3}).json()['id']}"
    while not client.get(at).json()["results"]:
        time.sleep(0.005)
    said = client.post(f"{at}/cancel").json()
    session.gate.set()
    said = finished(client, said["id"])
    assert said["state"] == "cancelled" and len(said["results"]) == 1
    assert client.get(said["results"][0]["files"]["wav"]).status_code == 200


def test_what_a_visitor_leaves_is_deleted_soon_unless_they_come_back(serve, sounds, monkeypatch):
    from compjax.web import api

    monkeypatch.setattr(api, "LEAVE_SECONDS", 0.1)
    client = serve()
    left, kept = (upload(client, sounds["input"]).json()["id"] for _ in range(2))
    assert client.post("/api/leave", json={"clips": [left, kept], "compositions": []}).status_code == 204
    assert client.get(f"/api/clips/{kept}").status_code == 200
    time.sleep(0.15)
    assert client.get(f"/api/clips/{left}").status_code == 404
    assert client.get(f"/api/clips/{kept}").status_code == 200
    for bad in ([], {"clips": "x"}, {"clips": [1]}, {"other": []}):
        refused(client.post("/api/leave", json=bad), 422, "bad_data", "")


def test_results_outlive_their_clips_and_are_deleted(client, pair):
    done = finished(client, client.post("/api/compositions", json=pair).json()["id"])
    for clip in pair.values():
        client.delete(f"/api/clips/{clip}")
    at = f"/api/compositions/{done['id']}"
    assert client.get(f"{at}/input.wav").status_code == 200
    assert client.delete(at).status_code == 204
    for path in (at, f"{at}/input.wav", done["results"][0]["files"]["wav"]):
        refused(client.get(path), 404, "gone", "deleted")


def test_two_visitors_wait_for_each_other(client, session, pair):
    session.gate.clear()
    first, second = (client.post("/api/compositions", json=pair).json()["id"] for _ in range(2))
    said = client.get(f"/api/compositions/{second}").json()
    assert said["state"] == "queued" and said["position"] >= 1
    session.gate.set()
    assert finished(client, first)["state"] == finished(client, second)["state"] == "done"


def test_cancel_a_running_and_a_waiting_composition(client, session, pair):
    session.gate.clear()
    running, waiting, last = (client.post("/api/compositions", json=pair).json()["id"] for _ in range(3))
    assert client.delete(f"/api/compositions/{waiting}").status_code == 204
    assert client.get(f"/api/compositions/{last}").json()["position"] == 1
    assert client.delete(f"/api/compositions/{running}").status_code == 204
    session.gate.set()
    assert finished(client, last)["state"] == "done"
    refused(client.get(f"/api/compositions/{running}"), 404, "gone", "composition")


def test_what_fails_says_why(client, session, pair):
    session.error = UserError("the target is silent; give a clip with sound in it")
    failed = finished(client, client.post("/api/compositions", json=pair).json()["id"])
    assert (failed["state"], failed["error"]) == ("failed", str(session.error))


def test_bad_orders(serve, sounds, session):
    client = serve(max_jobs=1)
    clip = upload(client, sounds["input"]).json()["id"]
    pair = {"input": clip, "target": clip}
    post = client.post
    refused(post("/api/compositions", content=b"{}"), 415, "not_json", "application/json")
    as_json = {"content-type": "application/json"}
    for body in (b"{", b"\xff", b"[" * 50_000):
        refused(post("/api/compositions", content=body, headers=as_json), 400, "not_json", "no JSON")
    refused(post("/api/compositions", content=b" " * 2_100_000, headers=as_json), 413, "too_large", "bytes")
    refused(post("/api/compositions", json={**pair, "seed": -1}), 422, "bad_data", "seed")
    refused(post("/api/compositions", json={**pair, "target": "/etc/passwd"}), 404, "gone", "target clip")
    session.gate.clear()
    answers = [post("/api/compositions", json=pair) for _ in range(4)]
    refused(answers[-1], 503, "full", "try again")
    assert int(answers[-1].headers["retry-after"]) > 0


def test_wrong_methods_and_errors_are_json_too(client, monkeypatch):
    assert client.put("/api/clips").status_code == 405
    assert client.get("/nothing").json()["code"] == "not_found"


def test_what_is_unused_is_swept(serve, sounds, monkeypatch):
    from compjax.web import app

    monkeypatch.setattr(app, "SWEEP_SECONDS", 0.01)
    client = serve(keep_minutes=0.01 / 60)
    at = f"/api/clips/{upload(client, sounds['input']).json()['id']}"
    time.sleep(0.2)
    refused(client.get(at), 404, "gone", "clip")


def test_what_a_killed_server_left_is_swept_at_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old, new, other = (tmp_path / name for name in ("compjax-web-old", "compjax-web-new", "thesis"))
    for folder in (old, new, other):
        folder.mkdir()
        (folder / "file").touch()
    (tmp_path / "compjax-web-file").touch()
    for path in (old, other, tmp_path / "compjax-web-file"):
        os.utime(path, (0, 0))
    sweep_leftovers()
    assert sorted(os.listdir(tmp_path)) == ["compjax-web-new", "thesis"]


def test_sound_does_not_wait_for_listening(client, session, sounds):
    """A visitor hears a clip while others' clips are listened to."""
    listening = threading.Event()

    def listen(source, **_):
        assert listening.wait(10)
        return session.composition.view.input

    session.listen = listen
    clips = [f"/api/clips/{upload(client, sounds['input']).json()['id']}" for _ in range(3)]
    while client.get("/api/status").json()["model"] == "loading":
        time.sleep(0.005)
    asking = [threading.Thread(target=client.get, args=(f"{clip}/heard",)) for clip in clips]
    for thread in asking:
        thread.start()
    assert client.get(f"{clips[0]}/audio.wav").content.startswith(b"RIFF")
    assert any(thread.is_alive() for thread in asking)
    listening.set()
    for thread in asking:
        thread.join(10)
