import socket

import pytest

from compjax.web.guard import SECURITY_HEADERS

OURS = ["localhost", "localhost:7860", "127.0.0.1:1", "[::1]:7860", "192.168.0.7:7860", socket.gethostname()]
STRANGERS = [
    "evil.example",
    "localhost.evil.example:7860",
    "",
    "127.0.0.1.evil.example",
    "[::1",
    "2130706433.nip.io",
]


@pytest.mark.parametrize("host", OURS)
def test_our_names_and_addresses_are_let_in(client, host):
    assert client.get("/api/status", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", STRANGERS)
def test_a_strange_name_that_points_here_is_refused(client, host):
    for path in ("/", "/api/status"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 403 and answer.json()["code"] == "forbidden"


def test_a_name_can_be_allowed(serve):
    client = serve(allowed_hosts=["music.example"])
    assert client.get("/", headers={"host": "Music.Example:443"}).status_code == 200
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "method, path", [("POST", "/api/examples/drums"), ("POST", "/api/clips"), ("GET", "/api/status")]
)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_other_sites_may_not_ask(client, method, path, headers):
    assert client.request(method, path, headers=headers).status_code == 403


def test_the_page_itself_may_ask_and_may_be_linked_to(client):
    same = {"origin": "http://localhost:7860", "sec-fetch-site": "same-origin"}
    assert client.post("/api/examples/drums", headers=same).status_code == 201
    assert client.get("/", headers={"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/page.js", "/api/status", "/nothing", "/api/clips/x"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert (
        "unsafe" not in headers["Content-Security-Policy"]
        and "http" not in headers["Content-Security-Policy"]
    )
    assert "server" not in headers
