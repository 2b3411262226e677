"""The API against its own document: requests made from it find no 500 and no answer it does not know.

Run by ``tox -e api``, apart from the other tests: schemathesis brings a plugin of its own to pytest.
"""

import subprocess
import sys

import pytest

from tests.server.harness import serving
from tests.server.http.api.client import give_token

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.parametrize("bearer", ["bot", ""], ids=["with a token", "a stranger"])
def test_no_answer_that_the_document_does_not_know(bearer):
    with serving(limits=False) as server:
        give_token(server, "bot", "post", "read", "who", "admin")
        server.person("alice").send("hello\n")
        base = f"http://127.0.0.1:{server.port}"
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{base}/api/v1/openapi.json", "--url", base,
            "--checks", CHECKS, "--max-examples", "60", "--exclude-path-regex", "stream", "--seed", "1",
        ]  # fmt: skip
        if bearer:
            command += ["--header", f"Authorization: Bearer {bearer}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert "Server error" not in done.stdout
