"""`gatehouse.yaml` is read whole, checked whole, and refused with every problem at its place (contract section 3)."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.canonical.values import JSON
from governance.policy.nodes import json_of, read_nodes
from registry.configuration.parse import parse_config
from registry.configuration.rewrite import rewritten
from registry.configuration.values import (
    AgentEntry,
    Approve,
    BadConfiguration,
    Configuration,
    Names,
    Rate,
    RoleEntry,
    SecretEntry,
    SecretName,
)

POLICY = 'version: "1"\ndefault: deny\nrules: []\n'

CONTRACT = """\
version: 1
teams:   [{name: platform}]
people:                               # roles here are console roles, these six:
  - {email: sec@example.com, roles: [security-admin, policy-author, approver, auditor, server-owner], teams: [platform],
     api_token: true}
  - {email: dev@example.com, roles: [developer], api_token: [read, request]}   # true = all scopes the roles allow
servers:
  - name: files                       # ^[a-z][a-z0-9-]{0,39}$
    transport: stdio                  # stdio | http | sse
    command: [mcp-server-filesystem, /srv/data]   # argv
    cwd: /srv/data
    env: {API_KEY: {secret: files-key}}
    team: platform
    tags: [files]
    category: [storage]
    approve: all
    client_requests: {sampling: deny, elicitation: deny, roots: deny}
  - name: tickets
    transport: http
    url: http://127.0.0.1:3001/mcp
    headers: {Authorization: {secret: tickets-auth}}
    allow_private_address: true       # explicit, recorded
roles:                                # data-plane roles: what may be reached at all
  - {name: developer, tools: ["files/*", "tickets/list_*"], prompts: ["tickets/*"], resources: [], servers: []}
agents:
  - {name: dev-claude, owner: dev@example.com, roles: [developer], expires_in: 30d, rate: {calls: 600, per: 1m}}
secrets: {files-key: {env: FILES_KEY}, tickets-auth: {value_file: /run/secrets/tickets}}
policy: {file: policy.yaml}           # or inline
"""


def read(text: str, *, files: dict[str, str] | None = None, known: Names | None = None) -> Configuration:
    def read_file(name: str) -> str:
        if name not in (files or {}):
            raise FileNotFoundError(2, "No such file or directory", name)
        return (files or {})[name]

    return parse_config(text, source="gatehouse.yaml", read_file=read_file, known=known or Names())


def refused(text: str, **given: object) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        read(text, **given)  # type: ignore[arg-type]
    return [str(problem) for problem in caught.value.problems]


def test_the_example_of_the_contract_is_read_in_full() -> None:
    found = read(CONTRACT, files={"policy.yaml": POLICY})
    assert [team.name for team in found.teams] == ["platform"]
    assert found.people[0].api_token == ()
    assert found.people[1].api_token == ("read", "request")
    files, tickets = found.servers
    assert files.command == ("mcp-server-filesystem", "/srv/data")
    assert files.env == (("API_KEY", SecretName("files-key")),)
    assert files.approval.which is Approve.ALL
    assert files.client_requests == (("elicitation", "deny"), ("roots", "deny"), ("sampling", "deny"))
    assert tickets.headers == (("Authorization", SecretName("tickets-auth")),)
    assert tickets.allow_private_address
    assert tickets.approval.which is Approve.NONE
    assert found.roles == (RoleEntry("developer", ("files/*", "tickets/list_*"), ("tickets/*",)),)
    agent = AgentEntry("dev-claude", "dev@example.com", "", ("developer",), 30 * 86_400, Rate(600, 60))
    assert found.agents == (agent,)
    assert found.secrets == (
        SecretEntry("files-key", env="FILES_KEY"),
        SecretEntry("tickets-auth", value_file="/run/secrets/tickets"),
    )
    assert found.policy is not None
    assert found.policy.text == POLICY
    assert found.notes == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: the file is empty; it begins with `version: 1`"),
        ("teams: []", "1:1: the file has no version; begin it with `version: 1`"),
        ("version: 2", "1:10: this version of the file is unknown; write `version: 1`"),
        ("version: 1\nsevers: []", "2:1: unknown key 'severs' in the file; did you mean servers?"),
        ("version: 1\nteams: []\nteams: []", "3:1: the key 'teams' stands twice, first at 2:1"),
        ("version: 1\nteams: &a []", "2:8: anchors are not allowed; remove &a"),
        ("version: 1\nteams: [{name: a}, {name: a}]", "2:20: the team a stands twice, first at 2:9"),
        ("version: 1\nteams: {name: a}", "2:8: teams must be a list"),
        ("version: 1\nteams: [{name: 7}]", '2:16: name of teams[0] must be text; write "7" in quotes'),
        ("version: 1\nteams: [{}]", "2:9: teams[0] has no name; add it"),
        ("version: 1\npeople: [{email: nobody}]", "2:18: email of people[0]: 'nobody' is no e-mail address"),
        (
            "version: 1\npeople: [{email: a@b.example, roles: [developers]}]",
            "2:39: roles of person a@b.example cannot be 'developers'; did you mean developer?",
        ),
        (
            "version: 1\npeople: [{email: a@b.example, teams: [core]}]",
            "2:39: teams of person a@b.example names the team 'core', which is not under teams; add it there",
        ),
        (
            "version: 1\npeople: [{email: a@b.example, api_token: [write]}]",
            "2:43: api_token of person a@b.example cannot be 'write'"
            "; known here: administer, decide, read, request, stop",
        ),
        (
            "version: 1\nagents: [{name: a}]",
            "2:10: agent a needs exactly one of owner (a person's e-mail) and team",
        ),
        (
            "version: 1\nteams: [{name: t}]\nagents: [{name: a, owner: a@b.example, team: t}]",
            "3:10: agent a needs exactly one of owner (a person's e-mail) and team",
        ),
        (
            "version: 1\nteams: [{name: t}]\nagents: [{name: a, team: t, roles: [r]}]",
            "3:37: roles of agent a names the role 'r', which is not under roles; add it there",
        ),
        (
            "version: 1\nteams: [{name: t}]\nagents: [{name: a, team: t, expires_in: month}]",
            "3:41: expires_in of agent a must be a duration such as 30s, 5m, 1h or 30d",
        ),
        (
            "version: 1\nteams: [{name: t}]\nagents: [{name: a, team: t, expires_in: 400d}]",
            "3:41: expires_in of agent a can be at most 366d",
        ),
        (
            "version: 1\nteams: [{name: t}]\nagents: [{name: a, team: t, rate: {calls: 0, per: 1m}}]",
            "3:43: calls in rate of agent a must be a whole number of at least 1",
        ),
        (
            "version: 1\nteams: [{name: t}]\nagents: [{name: a, team: t, rate: {calls: 5}}]",
            "3:35: rate of agent a has no per; write for example {calls: 600, per: 1m}",
        ),
        (
            "version: 1\nroles: [{name: r, servers: [files]}]",
            "2:29: servers of role r names the server 'files', which is not under servers; add it there",
        ),
        (
            "version: 1\nservers: [{name: gatehouse, transport: stdio, command: [x]}]",
            "2:18: name of servers[0]: the name `gatehouse` is reserved for the gateway's own tools; choose another",
        ),
        (
            "version: 1\nservers: [{name: Files, transport: stdio, command: [x]}]",
            "2:18: name of servers[0]: 'Files' is no server name; use up to 40 lower-case letters, digits and dashes,"
            " a letter first",
        ),
        (
            "version: 1\nservers: [{name: f, transport: pipe, command: [x]}]",
            "2:32: transport of servers[0] cannot be 'pipe'; known here: http, sse, stdio",
        ),
        (
            "version: 1\nservers: [{name: f, transport: stdio}]",
            "2:11: server f has no command; write it as a list, for example [mcp-server-time, --help]",
        ),
        (
            "version: 1\nservers: [{name: f, transport: stdio, command: run --all}]",
            "2:48: command of server f (a list, no shell) must be a list",
        ),
        ("version: 1\nservers: [{name: f, transport: stdio, command: []}]", "2:48: command of server f is empty"),
        (
            "version: 1\nservers: [{name: f, transport: stdio, command: [x], url: 'http://a/'}]",
            "2:58: url of server f does not go with transport stdio; remove it",
        ),
        (
            "version: 1\nservers: [{name: f, transport: http, url: 'ftp://a/'}]",
            "2:43: url of server f must begin with http:// or https:// and name a host",
        ),
        (
            "version: 1\nservers: [{name: f, transport: http, url: 'http://u:p@a/'}]",
            "2:43: url of server f holds credentials; put them under headers as {secret: …}",
        ),
        (
            "version: 1\nservers: [{name: f, transport: http, url: 'http://a/', headers: {Host: b}}]",
            "2:65: headers of server f: Host is set by the gateway; remove it",
        ),
        (
            "version: 1\nservers: [{name: f, transport: http, url: 'http://a/', headers: {X: {secret: s}}}]",
            "2:11: server f names the secret 's', which is not under secrets; add it there",
        ),
        (
            "version: 1\nservers: [{name: f, transport: stdio, command: [x], approve: al}]",
            "2:62: approve of server f must be all, none, or a list of item names; did you mean all?",
        ),
        (
            "version: 1\nservers: [{name: f, transport: stdio, command: [x], manifest: abc}]",
            "2:63: manifest of server f must be sha256: and 64 hexadecimal digits",
        ),
        (
            "version: 1\nservers: [{name: f, transport: stdio, command: [x], client_requests: {sampling: yes}}]",
            "2:81: sampling of client_requests of server f cannot be 'yes'; known here: allow, deny",
        ),
        (
            "version: 1\nsecrets: {a: hunter}",
            "2:14: secret a must say where its value is: {env: NAME} or {value_file: PATH}; never the value",
        ),
        (
            "version: 1\nsecrets: {a: {env: X, value_file: /y}}",
            "2:14: secret a needs exactly one of env and value_file",
        ),
        (
            "version: 1\npolicy: {file: gone.yaml}",
            "2:16: gone.yaml cannot be read (No such file or directory); paths are relative to this file",
        ),
        ("version: 1\nteams: [", "3:1: not YAML: did not find expected node content"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(text: str, problem: str) -> None:
    assert f"gatehouse.yaml:{problem}" in refused(text)


def test_every_problem_is_reported_in_one_go_and_in_the_order_of_the_file() -> None:
    found = refused(
        "version: 1\nteam: []\npeople: [{email: x}]\n"
        "servers: [{name: Bad, transport: stdio, command: [x]}]\nagents: [{name: a}]"
    )
    assert [line.split(":")[1] for line in found] == ["2", "3", "4", "5"]


def test_names_that_the_installation_has_already_may_be_referred_to() -> None:
    text = "version: 1\nagents: [{name: a, owner: A@B.example, roles: [r]}]"
    found = read(text, known=Names(people=frozenset({"a@b.example"}), roles=frozenset({"r"})))
    assert found.agents[0].owner == "a@b.example"


def test_a_pattern_whose_left_side_is_no_server_is_noted() -> None:
    found = read('version: 1\nroles: [{name: r, tools: ["tikets/*", "*/read", "plain"]}]')
    assert found.notes == (
        "role r: no server is called 'tikets', so 'tikets/*' means an item of that name on every server",
    )


def test_an_inline_policy_keeps_its_comments_and_its_place() -> None:
    text = 'version: 1\npolicy:\n  version: "1"  # of the language\n  default: deny\n\n  rules: []\nteams: []\n'
    found = read(text).policy
    assert found is not None
    assert found.text == 'version: "1"  # of the language\ndefault: deny\n\nrules: []\n'
    assert (found.line, found.column) == (3, 3)


@pytest.mark.parametrize(
    "policy",
    [
        '{version: "1", default: deny, rules: []}',
        "|\n" + POLICY.replace("version", "  version").replace("\n", "\n  ").rstrip(),
    ],
)
def test_an_inline_policy_may_be_a_flow_mapping_or_a_block_of_text(policy: str) -> None:
    found = read(f"version: 1\npolicy: {policy}\nteams: []\n").policy
    assert found is not None
    assert "default" in found.text


def test_a_flow_mapping_on_several_lines_is_kept_as_it_was_written() -> None:
    text = """\
version: 1
policy: {version: "1",  # of the language
         rules: [
           {tool: x, action: allow},

           {tool: y, action: deny}]}   # the end
teams: []
"""
    found = read(text).policy
    assert found is not None
    assert found.text == (
        '{version: "1",  # of the language\n rules: [\n   {tool: x, action: allow},\n\n   {tool: y, action: deny}]}\n'
    )
    mistake = text.replace("action: deny", "action: dney")
    assert refused(mistake) == ["gatehouse.yaml:6:30: " + refused(mistake)[0].split(": ", 1)[1]]


def test_a_policy_that_a_program_wrote_on_one_line_becomes_readable_yaml_in_its_order() -> None:
    rules = [
        {"tool": "clock/*", "action": "allow", "constraints": {"zone": {"in": ["UTC", "no", "1e3"]}}, "reason": "a: b"},
        {"tool": "*", "action": "deny", "unless": {"who": {"teams": []}, "constraints": {"cents": {"max": 1.50}}}},
    ]
    whole = {"version": 1, "policy": {"version": "1", "default": "deny", "rules": rules}, "teams": []}
    text = json.dumps(whole).replace("1.5", "1.50")
    found = read(text).policy
    assert found is not None
    assert (
        found.text
        == """\
version: "1"
default: deny
rules:
- tool: "clock/*"
  action: allow
  constraints:
    zone:
      in: [UTC, "no", "1e3"]
  reason: "a: b"
- tool: "*"
  action: deny
  unless:
    who:
      teams: []
    constraints:
      cents:
        max: 1.50
"""
    )
    column = text.index('"deny", "unless"') + 1
    mistake = text.replace('"deny", "unless"', '"dney", "unless"')
    assert refused(mistake)[0].startswith(f"gatehouse.yaml:1:{column}: ")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_value_rewritten_as_yaml_reads_back_as_itself(value: JSON) -> None:
    node, problems = read_nodes(json.dumps({"policy": value}, ensure_ascii=False))
    assume(node is not None and not problems)
    again, problems = read_nodes(rewritten(node))
    assert again is not None and not problems
    assert json_of(again) == json_of(node)


def test_a_pinned_manifest_is_an_approval_of_exactly_it() -> None:
    digest = "sha256:" + "0" * 64
    text = f"version: 1\nservers: [{{name: f, transport: stdio, command: [x], manifest: '{digest}'}}]"
    approval = read(text).servers[0].approval
    assert (approval.which, approval.manifest) == (Approve.PINNED, digest)


def test_a_mistake_in_the_policy_is_named_at_its_place_in_its_own_file() -> None:
    bad = 'version: "1"\ndefault: deny\nrules:\n  - {tool: x, action: alow}\n'
    assert refused("version: 1\npolicy: {file: p.yaml}", files={"p.yaml": bad})[0].startswith("p.yaml:4:")
    inline = 'version: 1\npolicy:\n  version: "1"\n  rules:\n    - {tool: x, action: alow}\n'
    assert refused(inline)[0].startswith("gatehouse.yaml:5:25: ")
