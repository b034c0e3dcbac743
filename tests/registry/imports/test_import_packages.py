"""Which package a command runs, told from its words alone; unpinned is said."""

from __future__ import annotations

import pytest

from registry.imports.packages import package_of

PINNED = [
    ("npx -y @corp/notes@1.4.2 --port 3", "npm", "@corp/notes", "1.4.2"),
    ("npx --yes notes@1.4.2-beta.1", "npm", "notes", "1.4.2-beta.1"),
    ("/usr/local/bin/npx -p @corp/notes@1.4.2 notes", "npm", "@corp/notes", "1.4.2"),
    ("npx --package=@corp/notes@1.4.2 -- notes", "npm", "@corp/notes", "1.4.2"),
    ("npx --prefix /srv notes@1.4.2", "npm", "notes", "1.4.2"),
    ("npx -y -- notes@1.4.2", "npm", "notes", "1.4.2"),
    ("npm exec -y notes@1.4.2", "npm", "notes", "1.4.2"),
    ("pnpm dlx notes@1.4.2", "npm", "notes", "1.4.2"),
    ("bunx notes@1.4.2", "npm", "notes", "1.4.2"),
    (r"C:\node\npx.cmd notes@1.4.2", "npm", "notes", "1.4.2"),
    ("cmd /c npx -y notes@1.4.2", "npm", "notes", "1.4.2"),
    ("uvx mcp-server-git==2026.1.0 --repository .", "pypi", "mcp-server-git", "2026.1.0"),
    ("uvx mcp-server-git@2026.1.0", "pypi", "mcp-server-git", "2026.1.0"),
    ("uvx --python 3.12 notes[web]==1.4.2", "pypi", "notes", "1.4.2"),
    ("uvx --from notes==1.4.2 notes-server", "pypi", "notes", "1.4.2"),
    ("uv tool run --from=notes==1.4.2 notes-server", "pypi", "notes", "1.4.2"),
    ("pipx run --spec notes==1.4.2 notes-server", "pypi", "notes", "1.4.2"),
    ("docker run -i --rm -e KEY -v /a:/b ghcr.io/corp/notes:1.4 serve", "oci", "ghcr.io/corp/notes", "1.4"),
    (
        "podman run --env=KEY --network none registry.example:5000/notes:1.4",
        "oci",
        "registry.example:5000/notes",
        "1.4",
    ),
    ("docker container run -it notes:1.4", "oci", "notes", "1.4"),
]


@pytest.mark.parametrize(("command", "registry", "name", "version"), PINNED)
def test_a_pinned_package_is_told_from_the_command(command: str, registry: str, name: str, version: str) -> None:
    """Each launcher has its own words and options before the package."""
    package = package_of(command.split())
    assert package is not None
    assert (package.registry, package.name, package.version, package.warnings) == (registry, name, version, ())


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("npx -y @corp/notes", "@corp/notes"),
        ("npx notes@latest", "notes"),
        ("npx notes@^1.4.2", "notes"),
        ("npx notes@1.x", "notes"),
        ("uvx notes", "notes"),
        ("uvx notes@latest", "notes"),
        ("uvx notes>=1.4", "notes"),
        ("docker run -i notes", "notes"),
        ("docker run -i corp/notes:latest", "corp/notes"),
        ("docker run -i registry.example:5000/notes", "registry.example:5000/notes"),
    ],
)
def test_a_package_that_is_not_pinned_is_a_warning(command: str, name: str) -> None:
    """what runs is exactly what was approved, which the newest version of some day is not."""
    package = package_of(command.split())
    assert package is not None
    assert (package.name, package.version) == (name, "")
    assert f"no version of {name} is pinned" in package.warnings[0]


def test_a_digest_is_kept() -> None:
    """The one form in which an image cannot change."""
    digest = "sha256:" + "0a" * 32
    package = package_of(["docker", "run", "-i", f"ghcr.io/corp/notes:1.4@{digest}"])
    assert package is not None
    assert (package.name, package.version, package.digest, package.warnings) == (
        "ghcr.io/corp/notes",
        "1.4",
        digest,
        (),
    )


@pytest.mark.parametrize(
    "command",
    [
        "uvx --from git+https://git.example/notes@main notes",
        "npx github:corp/notes",
        "npx ./notes",
        "npx https://files.example/notes.tgz",
    ],
)
def test_an_address_in_place_of_a_package_is_a_warning(command: str) -> None:
    """What stands there is not what a package registry vouches for."""
    package = package_of(command.split())
    assert package is not None
    assert (package.registry, package.version) == ("", "")
    assert "named by an address or a path" in package.warnings[0]


@pytest.mark.parametrize(
    "command", ["npx --registry https://r.example notes@1.0.0", "uvx --index-url https://r.example notes==1"]
)
def test_another_package_registry_is_a_warning(command: str) -> None:
    """The same name may be another package there."""
    package = package_of(command.split())
    assert package is not None
    assert "from another package registry" in " ".join(package.warnings)


@pytest.mark.parametrize(
    "command",
    [
        "node server.js",
        "python -m notes",
        "/opt/notes/run",
        "npx",
        "uvx --from",
        "docker ps",
        "docker run",
        "sh -c npx",
    ],
)
def test_what_names_no_package_has_none(command: str) -> None:
    """A guess would be believed."""
    assert package_of(command.split()) is None
    assert package_of([]) is None
