import socket

import pytest

from compjax.errors import UserError
from compjax.web import server
from compjax.web.config import ServeConfig


def test_a_free_port_on_this_machine_only():
    with server.listen(ServeConfig(port=0)) as opened:
        assert opened.getsockname()[0] == "127.0.0.1"
        port = opened.getsockname()[1]
        assert server.address_of(opened) == f"http://127.0.0.1:{port}/"


def test_every_address_has_a_name_for_the_browser():
    with server.listen(ServeConfig(host="0.0.0.0", port=0)) as opened:
        assert server.address_of(opened).startswith("http://127.0.0.1:")


def test_the_network_has_an_address_only_if_it_is_let_in():
    with server.listen(ServeConfig(port=0)) as opened:
        assert server.network_address_of(opened) is None
    with server.listen(ServeConfig(host="0.0.0.0", port=0)) as opened:
        found = server.network_address_of(opened)
        assert found.startswith("http://") and found.endswith(f":{opened.getsockname()[1]}/")
        assert not found.startswith(("http://0.0.0.0", "http://127."))


def test_a_port_in_use_is_refused_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} is in use; choose another with --port"):
            server.listen(ServeConfig(port=port))


def test_an_address_that_is_none_is_refused_in_one_line():
    for host in ("no such host", "203.0.113.7"):
        with pytest.raises(UserError, match=host) as refused:
            server.listen(ServeConfig(host=host, port=0))
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "limits",
    [
        {"port": 70_000},
        {"max_seconds": 0.1},
        {"max_seconds": 9e9},
        {"max_megabytes": 0},
        {"max_jobs": -1},
        {"max_jobs_each": 0},
    ],
    ids=str,
)
def test_limits_that_are_none_are_refused(limits):
    with pytest.raises(UserError, match=next(iter(limits))):
        ServeConfig(**limits)
