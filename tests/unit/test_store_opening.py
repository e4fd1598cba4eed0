"""Opening: what people give, what is in the way, and what they read then."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection

from evalkit.errors import MissingExtra, StoreError
from evalkit.results import Run
from evalkit.store import engine, migrations, open_store
from evalkit.store.location import locate

SECRET = "hunter2/x@y"
RUN = Run("r-1", "s", "m", "planned", "2026")


def error_of(url: str | Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        open_store(str(url))
    assert caught.value.hint
    return caught.value


def test_without_a_url_the_database_is_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store() as store:
        assert store.location == ".evalkit/runs.db"
    assert (tmp_path / ".evalkit" / "runs.db").is_file()


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite+pysqlite:///{}"])
def test_path_and_url_mean_the_same_file_and_folders_are_made(tmp_path: Path, form: str) -> None:
    path = tmp_path / "new" / "folder" / "runs.db"
    with open_store(form.format(path)) as store:
        store.create_run(RUN)
        assert store.location == str(path)
    with open_store(str(path)) as store:
        assert store.get_run("last").id == "r-1"


def test_stores_in_memory_share_nothing() -> None:
    with open_store("sqlite:///:memory:") as first, open_store(":memory:") as second:
        first.create_run(RUN)
        assert len(first.list_runs()) == 1
        assert not second.list_runs()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("my notes, long enough to be read as a header of a database\n" * 20)
    error = error_of(path)
    assert "not a runs database" in str(error)
    assert str(path) in str(error)
    assert path.read_text().startswith("my notes")


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    assert "another program" in str(error_of(path))
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_store(str(path)) as store:
        store.create_run(RUN)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 200_000)
    with pytest.raises(StoreError, match="damaged") as caught, open_store(str(path)) as store:
        store.list_runs()
    assert "copy" in caught.value.hint


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    error = error_of(tmp_path)
    assert "folder" in str(error)
    assert "runs.db" in error.hint


def test_a_place_that_cannot_hold_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be made" in str(error_of(tmp_path / "file" / "runs.db"))


def test_a_database_that_cannot_be_opened_is_named() -> None:
    assert "cannot be opened" in str(error_of("/proc/runs.db"))


def test_a_database_that_may_only_be_read_is_read_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    open_store(str(path)).close()
    with open_store(f"sqlite:///file:{path}?mode=ro&uri=true") as store:
        assert not store.list_runs()
        with pytest.raises(StoreError, match="cannot be written"):
            store.create_run(RUN)


# --- other processes --------------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.01)
    monkeypatch.setattr(engine, "BUSY_RETRIES", 1)


@pytest.mark.usefixtures("impatient")
def test_a_database_that_stays_busy_is_an_error_that_says_why(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_store(str(path)) as store, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="busy for too long") as caught:
            store.create_run(RUN)
        assert "another process" in str(caught.value)
        assert not store.list_runs()  # reading goes on beside a writer
        other.execute("ROLLBACK")
        store.create_run(RUN)
        assert len(store.list_runs()) == 1


def test_a_writer_waits_for_another_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runs.db"
    with open_store(str(path)) as store, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        store.database.engine.dispose()
        monkeypatch.setattr(engine, "BUSY_SECONDS", 0.01)
        other.execute("BEGIN IMMEDIATE")
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 3:
                other.execute("COMMIT")

        monkeypatch.setattr("evalkit.store.engine.time.sleep", wait)
        store.create_run(RUN)
        assert len(waits) == 3
        assert len(store.list_runs()) == 1


def test_nothing_is_kept_of_a_transaction_that_was_interrupted(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "runs.db")) as store:

        def stop_half_way() -> None:
            with store.database.writing() as connection:
                connection.exec_driver_sql("INSERT INTO results VALUES ('r', 'half')")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stop_half_way()
        with store.database.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM results").scalar() == 0
        store.create_run(RUN)


# --- URLs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+pg8000://me:{SECRET}:notaport/db",
        f"mysql://me:{SECRET}@db.example/evalkit",
        f"postgresql://me:hunter2@localhost:port{SECRET}/db",
        f"nonsense://{SECRET}",
        f"postgresql+nodriver://me:hunter2@localhost/db?password={SECRET}",
    ],
)
def test_a_url_that_makes_no_sense_never_shows_its_secret(url: str) -> None:
    error = error_of(url)
    shown = f"{error} {error.hint} {error.__cause__ or ''}"
    assert "hunter2" not in shown


def test_only_sqlite_and_postgresql_are_known() -> None:
    assert "mysql" in str(error_of("mysql://host/db"))


def test_the_name_of_a_server_database_shows_neither_user_nor_options() -> None:
    location = locate("postgresql://me:hunter2@db.example:5433/runs?sslpassword=hunter3")
    assert location.shown == "postgresql://db.example:5433/runs"
    assert location.url.drivername == "postgresql+pg8000"
    assert location.without_secrets("cannot use hunter2, hunter3") == "cannot use ***, ***"


def test_the_short_name_of_postgresql_is_understood() -> None:
    assert locate("postgres://localhost/db").url.drivername == "postgresql+pg8000"


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pg8000", None)
    with pytest.raises(MissingExtra, match="'postgres'") as caught:
        open_store("postgresql://localhost/db")
    assert "pip install" in caught.value.hint


def test_an_option_that_the_driver_does_not_know_is_no_traceback(tmp_path: Path) -> None:
    assert error_of(f"sqlite:///{tmp_path}/runs.db?timeout=soon").hint


# --- versions ---------------------------------------------------------------------------------------------------------


def test_a_database_of_a_newer_evalkit_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    open_store(str(path)).close()
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO evalkit_schema VALUES (99, 'later')")
    error = error_of(path)
    assert "version 99" in str(error)
    assert "update evalkit" in error.hint


def add_stars(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE runs ADD COLUMN stars INTEGER NOT NULL DEFAULT 3")


def test_an_old_database_is_migrated_with_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runs.db"
    with open_store(str(path)) as store:
        store.create_run(RUN)
    steps = (*migrations.STEPS, migrations.Step(migrations.current_version(migrations.STEPS) + 1, "stars", add_stars))
    monkeypatch.setattr(migrations, "STEPS", steps)
    for _ in range(2):  # the second time there is nothing left to do
        with open_store(str(path)) as store:
            assert store.get_run("r-1").suite == "s"
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT stars FROM runs").fetchall() == [(3,)]
        versions = [row[0] for row in raw.execute("SELECT version FROM evalkit_schema ORDER BY version")]
        assert versions[-1] == steps[-1].version
        raw.execute("UPDATE runs SET stars = 5")
    more = migrations.Step(steps[-1].version + 1, "moons", lambda c: c.exec_driver_sql("CREATE TABLE moons (id TEXT)"))
    monkeypatch.setattr(migrations, "STEPS", (*steps, more))
    open_store(str(path)).close()  # takes only the step that it has not taken
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT stars FROM runs").fetchall() == [(5,)]
        assert raw.execute("SELECT count(*) FROM moons").fetchall() == [(0,)]
    monkeypatch.undo()
    assert "version" in str(error_of(path))


def test_a_migration_that_fails_leaves_the_old_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "runs.db"
    open_store(str(path)).close()

    def fail(connection: Connection) -> None:
        add_stars(connection)
        connection.exec_driver_sql("ALTER TABLE nowhere ADD COLUMN x")

    version = migrations.current_version(migrations.STEPS)
    with monkeypatch.context() as broken:
        broken.setattr(migrations, "STEPS", (*migrations.STEPS, migrations.Step(version + 1, "broken", fail)))
        assert "nowhere" in str(error_of(path))
    with sqlite3.connect(path) as raw:
        assert "stars" not in {row[1] for row in raw.execute("PRAGMA table_info(runs)")}
    open_store(str(path)).close()


def test_steps_are_numbered_without_gaps() -> None:
    assert [step.version for step in migrations.STEPS] == list(
        range(migrations.FIRST_VERSION + 1, migrations.FIRST_VERSION + 1 + len(migrations.STEPS))
    )


def test_importing_the_store_imports_no_database() -> None:
    program = "import sys, evalkit.store; sys.exit(bool({'sqlalchemy', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_database_in_a_folder_that_cannot_be_written_can_still_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept by #CI?.db"
    with open_store(str(path)) as store:
        store.create_run(RUN)
    monkeypatch.setattr(engine.os, "access", lambda *_: False)
    before = path.read_bytes()
    with open_store(str(path)) as store:
        assert [run.id for run in store.list_runs()] == [RUN.id]
        assert [file.name for file in tmp_path.iterdir()] == [path.name]
        with pytest.raises(StoreError, match="cannot be written"):
            store.create_run(Run("r-2", "s", "m", "planned", "2026"))
    assert path.read_bytes() == before
