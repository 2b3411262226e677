"""``asyncchat import``: files become a history that the other commands read."""

from tests.cli.calling import call


def test_files_become_a_history(tmp_path):
    database, file = str(tmp_path / "chat.db"), tmp_path / "#tea.log"
    file.write_text("--- Log opened Sat Nov 28 23:58:00 2026\n23:59 < anna> hi\n23:59 < bob> ho\n")
    (tmp_path / "#ci.log").write_text("nothing\n")
    done = call("import", "--db", database, str(file), str(tmp_path / "#ci.log"))
    assert (done.returncode, done.stdout) == (0, f"2 messages of 1 room are in {database}\n")
    assert done.stderr == f"Nothing was said in {tmp_path / '#ci.log'}\n"
    again = call("import", "--db", database, str(file))
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "a new history" in again.stderr
    assert call("import", "--db", database, str(tmp_path / "none")).returncode == 1
    assert call("import", "--db", ":memory:", str(file)).returncode == 2
