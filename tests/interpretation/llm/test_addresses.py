import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanhar.errors import LanharError
from lanhar.interpretation.llm.addresses import check_address, is_loopback, loopback_socket
from lanhar.interpretation.llm.settings import ModelSettings


@pytest.mark.parametrize(
    "api_base",
    [
        "http://127.0.0.1:8000/v1",
        "http://127.8.9.10",
        "https://localhost:8443/v1",
        "http://[::1]:11434",
        "http://LOCALHOST/",
    ],
)
def test_loopback_is_allowed(api_base):
    check_address(ModelSettings("openai/m", api_base, allow_remote=False))


@pytest.mark.parametrize(
    "api_base",
    [
        None,
        "https://api.openai.com/v1",
        "http://127.0.0.1.evil.example/v1",
        "http://127.0.0.1@evil.example/v1",
        "http://user:127.0.0.1@192.0.2.1/v1",
        "http://192.0.2.1/127.0.0.1",
        "http://192.0.2.1#127.0.0.1",
        "http://192.0.2.1\\@127.0.0.1/v1",
        "http://127.0.0.1\\@192.0.2.1/v1",
        "http://localhost.evil.example",
        "http://10.0.0.1:8000",
        "http://0.0.0.0:8000",
        "http://[::ffff:192.0.2.1]/v1",
        "ftp://127.0.0.1/v1",
        "127.0.0.1:8000",
        "http://",
        "http://127.0.0.1:99999",
        " http://127.0.0.1 ",
        "http://[::1",
        "",
    ],
)
def test_everything_else_is_refused(api_base):
    with pytest.raises(LanharError):
        check_address(ModelSettings("openai/m", api_base, allow_remote=False))


def test_a_name_is_judged_by_all_that_it_resolves_to(monkeypatch):
    meanings = [["127.0.0.1"], ["127.0.0.1", "192.0.2.1"], ["192.0.2.1"]]
    for addresses in meanings:
        entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, entries=entries, **__: entries)
        assert is_loopback("http://model-server:8000/v1") == (addresses == ["127.0.0.1"])


def test_providers_that_would_go_their_own_way_are_refused():
    with pytest.raises(LanharError, match="hosted_vllm"):
        check_address(ModelSettings("bedrock/m", "http://127.0.0.1:8000", allow_remote=False))


def test_remote_addresses_are_allowed_by_default():
    check_address(ModelSettings("openai/gpt-4o-mini"))
    check_address(ModelSettings("hosted_vllm/m", "https://models.example/v1"))
    with pytest.raises(LanharError, match="not an address"):
        check_address(ModelSettings("hosted_vllm/m", "models.example"))


@given(st.ip_addresses(v=4))
def test_the_last_gate_opens_to_loopback_only(address):
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (str(address), 80))
    if address.is_loopback:
        loopback_socket(entry).close()
    else:
        with pytest.raises(PermissionError):
            loopback_socket(entry)


@given(st.text(max_size=40))
def test_no_text_is_more_than_refused(api_base):
    try:
        check_address(ModelSettings("openai/m", "http://" + api_base, allow_remote=True))
    except LanharError as error:
        assert "\n" not in str(error)
