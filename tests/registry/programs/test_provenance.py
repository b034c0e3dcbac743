"""What is known of a program before it runs, without running it, and of an address by who answered."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from registry.programs.digests import Budget
from registry.programs.facts import Place, Program, difference
from registry.programs.launch import look_up
from registry.programs.python_packages import installed_in, package_of
from registry.provenance import provenance_of
from registry.transports.peer import PeerFacts, read_certificate

pytestmark = pytest.mark.any_database

ENTRY = "[console_scripts]\nMy-Server = my_server.main:run\n[other]\nnot-a-script = x\n"


def digest_of(lines: list[str]) -> str:
    """The digest as the documentation says to compute it."""
    return sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def hex_of(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


@dataclass
class Environment:
    """A Python environment on disk that holds files and metadata, and no interpreter that could run."""

    prefix: Path
    files: dict[str, str] = field(default_factory=lambda: {"my_server/__init__.py": "", "my_server/main.py": "X = 1\n"})

    @property
    def site(self) -> Path:
        """Where its packages are."""
        return self.prefix / "lib" / "python3.11" / "site-packages"

    @property
    def script(self) -> Path:
        """Its console script."""
        return self.prefix / "bin" / "My-Server"

    def make(self, name: str = "my-server", version: str = "1.2.3", entry: str = ENTRY) -> Environment:
        """Install a package the way pip does."""
        (self.prefix / "bin").mkdir(parents=True, exist_ok=True)
        (self.prefix / "bin" / "python3.11").write_text("no program")
        self.script.write_text(f"#!{self.prefix}/bin/python3.11\nraise SystemExit('it was run')\n")
        metadata = self.site / f"{name.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        rows = [
            "../../../bin/My-Server,," if entry else "",
            f"{metadata.name}/RECORD,,",
            f"{metadata.name}/INSTALLER,,",
        ]
        rows += [f"{path.rpartition('/')[0]}/__pycache__/x.cpython-311.pyc,," for path in self.files][:1]
        for path, text in self.files.items():
            (self.site / path).parent.mkdir(parents=True, exist_ok=True)
            (self.site / path).write_text(text)
            digest = base64.urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{path},sha256={digest},{len(text)}")
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n\nName: other\n")
        (metadata / "INSTALLER").write_text("pip")
        if entry:
            (metadata / "entry_points.txt").write_text(entry)
        (metadata / "RECORD").write_text("\n".join(filter(None, rows)) + "\n")
        return self


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "venv").make()


def known(program: Program) -> dict[str, Any]:
    """The package of a program as it is stored."""
    package = json.loads(json.dumps(program.record()))["package"]
    assert package is not None, program.unknown
    return package


def test_a_console_script_leads_to_its_package_version_and_digest(environment: Environment) -> None:
    program = look_up([str(environment.script), "--port", "1"])
    package = known(program)
    assert (package["ecosystem"], package["name"], package["version"]) == ("python", "my-server", "1.2.3")
    assert program.sha256 == hex_of(environment.script)
    assert program.unknown == () and package["differing"] == 0
    script = f"{hex_of(environment.script)}  ../../../bin/My-Server"
    own = [f"{hex_of(environment.site / path)}  {path}" for path in environment.files]
    assert package["files"]["sha256"] == digest_of([script, *own])
    assert package["files"]["count"] == 3


def test_the_digest_of_what_is_beside_is_as_documented(environment: Environment) -> None:
    Environment(environment.prefix, {"dep.py": "Y = 1\n"}).make("Some_Dep", "0.1", entry="")
    beside = known(look_up([str(environment.script)]))["beside"]
    lines = []
    for name, version in (("my-server", "1.2.3"), ("some-dep", "0.1")):
        record = environment.site / f"{name.replace('-', '_')}-{version}.dist-info" / "RECORD"
        if not record.exists():
            record = environment.site / "Some_Dep-0.1.dist-info" / "RECORD"
        lines.append(f"{name} {version} {digest_of(record.read_text().splitlines())}")
    assert beside == {"sha256": digest_of(lines), "count": 2, "covers": beside["covers"]}


def test_nothing_is_run_to_find_out(environment: Environment, tmp_path: Path) -> None:
    """An interpreter that leaves a mark is named by the script, by the command, and by a module."""
    marker = tmp_path / "ran"
    python = environment.prefix / "bin" / "python3.11"
    python.write_text(f"#!/bin/sh\ntouch {marker}\n")
    python.chmod(0o755)
    environment.script.chmod(0o755)
    for command in ([str(environment.script)], [str(python), "-m", "my_server.main"], [str(python), "x.py"]):
        look_up(command)
    assert not marker.exists()


@pytest.mark.parametrize("change", ["file", "gone", "version", "beside", "script", "package"])
def test_whatever_is_changed_on_disk_is_told(environment: Environment, change: str) -> None:
    before = look_up([str(environment.script)]).record()
    match change:
        case "file":
            (environment.site / "my_server" / "main.py").write_text("X = 2\n")
            says = "Files of my-server 1.2.3 changed, though its version did not."
        case "gone":
            (environment.site / "my_server" / "main.py").unlink()
            says = "Files of my-server 1.2.3 changed, though its version did not."
        case "version":
            metadata = environment.site / "my_server-1.2.3.dist-info" / "METADATA"
            metadata.write_text(metadata.read_text().replace("1.2.3", "1.2.4"))
            says = "The package is my-server 1.2.4, it was my-server 1.2.3."
        case "beside":
            Environment(environment.prefix, {"dep.py": "Y = 1\n"}).make("dep", "0.1", entry="")
            says = "Packages that it may load changed."
        case "script":
            environment.script.write_text(environment.script.read_text() + "# more\n")
            says = "Files of my-server 1.2.3 changed, though its version did not."
        case _:
            (environment.site / "my_server-1.2.3.dist-info" / "entry_points.txt").unlink()
            says = "It was my-server 1.2.3; what it is now cannot be told."
    assert difference(before, look_up([str(environment.script)]).record()) == says


def test_files_that_are_not_what_was_installed_are_counted(environment: Environment) -> None:
    """A RECORD says what each file was: a change on disk shows even the first time anybody looks."""
    (environment.site / "my_server" / "main.py").write_text("X = 2\n")
    program = look_up([str(environment.script)])
    assert known(program)["differing"] == 1
    assert "1 files of my-server are not what was installed, or are gone." in program.unknown


def test_compiled_files_and_the_installers_notes_change_no_digest(environment: Environment) -> None:
    """The interpreter writes the first when the server runs, installers differ in the second."""
    before = look_up([str(environment.script)]).record()
    cache = environment.site / "my_server" / "__pycache__"
    cache.mkdir()
    (cache / "x.cpython-311.pyc").write_bytes(b"\0")
    (environment.site / "my_server-1.2.3.dist-info" / "INSTALLER").write_text("uv")
    assert difference(before, look_up([str(environment.script)]).record()) == ""


def test_a_package_reads_no_file_outside_its_environment(environment: Environment, tmp_path: Path) -> None:
    """A RECORD is the package's own word: it does not make the gateway read a key, nor a device without end."""
    (tmp_path / "key").write_text("secret")
    (environment.site / "link.py").symlink_to(tmp_path / "key")
    record = environment.site / "my_server-1.2.3.dist-info" / "RECORD"
    before = known(look_up([str(environment.script)]))["files"]
    record.write_text(record.read_text() + "../../../../key,,\n/dev/zero,,\n/etc/passwd,,\nlink.py,,\n")
    program = look_up([str(environment.script)])
    assert known(program)["files"] == before
    assert "4 files of my-server lie outside its environment and are not covered." in program.unknown


def test_an_editable_installation_says_that_its_code_is_not_covered(environment: Environment) -> None:
    metadata = environment.site / "my_server-1.2.3.dist-info"
    (metadata / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///x"}')
    assert any("edited in place" in said for said in look_up([str(environment.script)]).unknown)


@pytest.mark.parametrize("budget", [Budget(files=2), Budget(size=10)])
def test_a_package_that_is_too_large_is_said_to_be(environment: Environment, budget: Budget) -> None:
    beside = installed_in(environment.prefix)
    package, unknown = package_of(beside[0], beside, budget)
    assert package.files is None and package.beside is not None
    assert unknown == ("The files of my-server were not digested: it has more than 20000 files or 512 MiB.",)


@pytest.mark.parametrize("flags", [["-m"], ["-I", "-m"], ["-Im"], ["-X", "utf8", "-m"], ["-W", "ignore", "-u", "-m"]])
def test_a_module_leads_to_its_package(environment: Environment, flags: list[str]) -> None:
    program = look_up([str(environment.prefix / "bin" / "python3.11"), *flags, "my_server.main", "-c", "x"])
    assert known(program)["name"] == "my-server"


def test_a_script_of_no_package_is_digested_and_said_to_be_alone(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text("pass\n")
    program = look_up([sys.executable, "-u", "server.py"], cwd=str(tmp_path))
    assert program.script == str((tmp_path / "server.py").resolve())
    assert program.sha256 == hex_of(tmp_path / "server.py")
    assert "what it loads is not covered" in program.unknown[0]
    (tmp_path / "server.py").write_text("import os\n")
    after = look_up([sys.executable, "server.py"], cwd=str(tmp_path))
    assert difference(program.record(), after.record()) == "The file that is run changed."


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ([], "There is no command."),
        (["mcp-server-nowhere"], "There is no program mcp-server-nowhere on the PATH"),
        (["/no/such/program"], "There is no file /no/such/program."),
        ([sys.executable, "-c", "print(1)"], "stands in the command itself"),
        ([sys.executable], "given no script"),
        ([sys.executable, "-m", "no_such_module_x"], "No one package has the module no_such_module_x"),
        (["/bin/sh", "-c", "x"], "sh starts something else"),
        (["/usr/bin/env", "x"], "env starts something else"),
        (["/bin/ls"], "compiled program of no package"),
        (["/"], "is no regular file"),
    ],
)
def test_what_cannot_be_told_is_said(command: list[str], says: str) -> None:
    program = look_up(command)
    assert says in " ".join(program.unknown)
    assert program.package is None
    json.dumps(program.record())


@pytest.mark.parametrize("launcher", ["npx", "uvx", "uv", "pipx", "docker", "bunx"])
def test_a_launcher_that_picks_later_is_said_to_do_so(tmp_path: Path, launcher: str) -> None:
    program = tmp_path / launcher
    program.write_text("#!/bin/sh\n")
    found = look_up([str(program), "-y", "some-server@1.0"], cwd=str(tmp_path))
    assert f"{launcher} picks what it runs when it is started" in found.unknown[0]
    assert found.package is None


# npm.


class Modules:
    """A folder with what npm installs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "node_modules" / "@scope" / "server"
        (self.root / "dist").mkdir(parents=True)
        (self.root / "node_modules" / "inner").mkdir(parents=True)
        (self.root / "node_modules" / "inner" / "x.js").write_text("1")
        (self.root / "package.json").write_text(json.dumps({"name": "@scope/server", "version": "2.0.1"}))
        (self.root / "dist" / "package.json").write_text('{"type": "module"}')
        self.main = self.root / "dist" / "index.js"
        self.main.write_text("#!/usr/bin/env node\nthrow 1\n")
        (folder / "node_modules" / ".bin").mkdir()
        self.bin = folder / "node_modules" / ".bin" / "server"
        self.bin.symlink_to("../@scope/server/dist/index.js")
        self.lock({"node_modules/@scope/server": {"version": "2.0.1", "integrity": "sha512-abc"}})

    def lock(self, packages: dict[str, Any]) -> None:
        """Write the list that npm keeps of what it installed."""
        document = json.dumps({"lockfileVersion": 3, "packages": packages})
        (self.folder / "node_modules" / ".package-lock.json").write_text(document)


@pytest.fixture
def modules(tmp_path: Path) -> Modules:
    return Modules(tmp_path)


def test_the_bin_of_an_npm_package_leads_to_it(modules: Modules) -> None:
    program = look_up([str(modules.bin), "stdio"])
    package = known(program)
    assert (package["name"], package["version"], package["integrity"]) == ("@scope/server", "2.0.1", "sha512-abc")
    assert program.real == str(modules.main.resolve()) and program.unknown == ()
    names = ("package.json", "dist/package.json", "dist/index.js")
    assert package["files"]["sha256"] == digest_of([f"{hex_of(modules.root / name)}  {name}" for name in names])
    assert package["beside"]["sha256"] == digest_of(["node_modules/@scope/server 2.0.1 sha512-abc"])


def test_a_script_given_to_node_leads_to_its_package(modules: Modules, tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text("no program")
    program = look_up([str(node), "--enable-source-maps", "-r", "x", str(modules.main)])
    assert known(program)["name"] == "@scope/server" and program.script == str(modules.main.resolve())
    assert "stands in the command itself" in look_up([str(node), "-e", "1"]).unknown[0]


def test_npx_names_what_is_installed_where_it_looks_first(modules: Modules, tmp_path: Path) -> None:
    npx = tmp_path / "npx"
    npx.write_text("#!/bin/sh\n")
    program = look_up([str(npx), "-y", "@scope/server@latest"], cwd=str(modules.folder))
    assert known(program)["version"] == "2.0.1"
    assert "@scope/server 2.0.1 is what is installed now" in program.unknown[0]
    assert look_up([str(npx), "../../etc"], cwd=str(modules.folder)).package is None


def test_a_change_in_an_npm_package_or_its_dependencies_is_told(modules: Modules) -> None:
    before = look_up([str(modules.bin)]).record()
    (modules.root / "node_modules" / "inner" / "x.js").write_text("2")
    assert difference(before, look_up([str(modules.bin)]).record()) == ""  # Not covered, as `covers` says.
    modules.lock({"node_modules/@scope/server": {"version": "2.0.1", "integrity": "sha512-abc"}, "node_modules/a": {}})
    assert difference(before, look_up([str(modules.bin)]).record()) == "Packages that it may load changed."
    modules.main.write_text("2")
    assert "Files of @scope/server 2.0.1 changed" in difference(before, look_up([str(modules.bin)]).record())


@pytest.mark.parametrize(
    "document", ["", "[]", "{", '{"packages": []}', '{"packages": {"node_modules/x": 1}}', "[" * 9999]
)
def test_a_lock_that_cannot_be_read_is_said_to_cover_nothing(modules: Modules, document: str) -> None:
    (modules.folder / "node_modules" / ".package-lock.json").write_text(document)
    assert any("depends on is not covered" in said for said in look_up([str(modules.bin)]).unknown)


def test_links_inside_an_npm_package_lead_nowhere(modules: Modules, tmp_path: Path) -> None:
    before = known(look_up([str(modules.bin)]))["files"]
    (modules.root / "key").symlink_to("/etc/passwd")
    (modules.root / "all").symlink_to("/")
    assert known(look_up([str(modules.bin)]))["files"] == before


# Addresses.


@dataclass(frozen=True)
class Reached:
    """What a look needs to know of a server."""

    url: str = ""
    command: tuple[str, ...] = ()
    cwd: str = ""


def test_a_place_is_scheme_host_port_and_who_answered() -> None:
    place = provenance_of(Reached("https://mcp.example.com/x"), PeerFacts("93.184.216.34", 443, None))
    assert place == Place("https", "mcp.example.com", 443, "93.184.216.34")
    assert provenance_of(Reached("http://[::1]:3001/x")).record()["port"] == 3001
    assert provenance_of(Reached("http://x:99999/")) == Place("", "", 0)
    assert provenance_of(Reached(command=("/bin/ls",))).record()["kind"] == "program"


def test_a_certificate_that_cannot_be_read_has_its_digest() -> None:
    assert read_certificate(b"none").sha256 == sha256(b"none").hexdigest()
    assert read_certificate(b"none").subject == ""


def place(issuer: str = "CN=A", digest: str = "1", host: str = "a.example") -> dict[str, Any]:
    """A stored place."""
    certificate = {"sha256": digest, "issuer": issuer}
    return Place("https", host, 443, "1.2.3.4", certificate).record()


def test_a_renewed_certificate_is_no_difference_and_another_issuer_is() -> None:
    assert difference(place(), place(digest="2")) == ""
    assert difference(place(), place("CN=B")) == "The certificate was issued by CN=B, the one before by CN=A."
    assert "The address is https://b.example:443" in difference(place(), place(host="b.example"))
    assert difference({}, place()) == ""
    assert difference(place(), Program("/bin/ls").record()) == "It is reached in another way than before."
