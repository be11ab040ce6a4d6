import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from compjax.cli import serve


def assert_refused(capsys, argv, message, code=65):
    """One line on stderr that holds `message`, and nothing on stdout."""
    assert serve.run(["compjax-serve", *argv]) == code
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("compjax-serve: ") and captured.out == ""


def test_help_names_every_limit(capsys):
    assert serve.run(["compjax-serve", "--help"]) == 0
    printed = capsys.readouterr().out
    for flag in (
        "host",
        "port",
        "max_seconds",
        "max_megabytes",
        "keep_minutes",
        "allowed_hosts",
        "checkpoint",
    ):
        assert f"--{flag}" in printed or f"--[no]{flag}" in printed


def test_bad_flags(capsys):
    assert_refused(capsys, ["--colour=red"], "colour")
    assert_refused(capsys, ["--port=x"], "port")
    assert_refused(capsys, ["clip.wav"], "clip.wav")
    assert_refused(capsys, ["--port=99999"], "between 0 and 65535")
    assert_refused(capsys, ["--max_seconds=0"], "max_seconds")
    assert_refused(capsys, ["--checkpoint=missing.npz"], "there is no checkpoint missing.npz")


def test_a_port_in_use(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert_refused(capsys, [f"--port={port}"], f"port {port} is in use")


@pytest.mark.slow
def test_the_command_serves_until_it_is_told_to_end(tmp_path):
    command = [sys.executable, "-m", "compjax.cli.serve", "--port=0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
        with urllib.request.urlopen(address) as answer:
            assert b"<h1>compjax</h1>" in answer.read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0 and "Traceback" not in errors, errors
    assert os.listdir(tmp_path) == []
