"""A PostgreSQL server of our own on 127.0.0.1, made for the tests and gone with them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import needs
import psycopg
from patience import patience
from waiting import until


@contextmanager
def server() -> Iterator[str]:
    """Its URL, without a database. It refuses to run as root: then it runs as `nobody`."""
    programs = needs.postgres()
    folder = Path(tempfile.mkdtemp(prefix="px-postgres-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody", "nogroup")
    try:
        run = {"cwd": folder, "env": os.environ | {"LC_ALL": "C"}, "text": True} | user
        made = subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "px", "--auth=trust", "--no-sync"],
            capture_output=True,
            check=False,
            **run,
        )
        assert made.returncode == 0, made.stderr
        port = free_port()
        settings = [f"-cport={port}", "-clisten_addresses=127.0.0.1", f"-k{folder}", "-cfsync=off"]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", *settings], stderr=log, **run
            )
        try:
            url = f"postgresql://px@127.0.0.1:{port}"
            wait_for(url, process, folder / "log")
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # at once, in order
            process.wait(patience(10))
    finally:
        shutil.rmtree(folder)


def new_database(server_url: str, name: str) -> str:
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server_url}/{name}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: "subprocess.Popen[str]", log: Path) -> None:
    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            psycopg.connect(f"{url}/postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    until(listens, units=15, what="PostgreSQL listens")
