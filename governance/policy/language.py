"""The policy language: text in, `Policy` or every problem out. Pure: no Django, no I/O."""

from __future__ import annotations

from governance.policy.grammar_rules import read_approve, read_rule
from governance.policy.grammar_tests import read_test
from governance.policy.nodes import Mapping, Node, Scalar, read_nodes
from governance.policy.reading import Reader
from governance.policy.tree import Policy, PolicyError, PolicyTest, Problem, Rule
from governance.policy.values import Action, Approve

__all__ = ["PolicyError", "parse"]

VERSION = "1"
POLICY_KEYS = frozenset(
    {"version", "default", "approve", "rules", "tests", "acknowledge_default_allow", "intent_defaults"}
)
MAX_CHARACTERS = 8 * 1024 * 1024


def parse(text: str) -> Policy:
    """The policy that `text` is (contract section 4). Raises PolicyError with all problems, each with its place."""
    if len(text) > MAX_CHARACTERS:
        raise PolicyError((Problem(1, 1, f"a policy has at most {MAX_CHARACTERS} characters"),))
    root, problems = read_nodes(text)
    if root is None:
        raise PolicyError(tuple(problems) or (Problem(1, 1, 'an empty policy; begin with version: "1"'),))
    reader = Reader()
    reader.problems.extend(problems)
    policy = _policy(reader, root)
    if policy is None or reader.problems:
        raise PolicyError(tuple(sorted(set(reader.problems))))
    return policy


def _policy(reader: Reader, root: Node) -> Policy | None:
    fields = reader.fields(root, POLICY_KEYS, "a policy")
    if not isinstance(root, Mapping):
        return None
    _version(reader, root, fields)
    acknowledged = _flag(reader, fields, "acknowledge_default_allow")
    default, approve = _default(reader, fields, acknowledged)
    rules = _rules(reader, fields["rules"]) if "rules" in fields else ()
    return Policy(
        version=VERSION,
        default=default,
        default_approve=approve,
        acknowledge_default_allow=acknowledged,
        intent_defaults=_flag(reader, fields, "intent_defaults"),
        rules=rules,
        tests=_tests(reader, fields["tests"]) if "tests" in fields else (),
    )


def _version(reader: Reader, root: Mapping, fields: dict[str, Node]) -> None:
    node = fields.get("version")
    if node is None:
        reader.problem(root, 'a policy needs version: "1"')
    elif not isinstance(node, Scalar) or node.text != VERSION:
        reader.problem(node, 'the only known version is "1"')


def _flag(reader: Reader, fields: dict[str, Node], name: str) -> bool:
    return bool(reader.boolean(fields[name], name)) if name in fields else False


def _default(reader: Reader, fields: dict[str, Node], acknowledged: bool) -> tuple[Action, Approve]:
    """`default: deny|escalate|allow`, or `{action: escalate, approve: …}`; `approve` may also stand beside it."""
    node = fields.get("default")
    approve_node = fields.get("approve")
    if isinstance(node, Mapping):
        inner = reader.fields(node, {"action", "approve"}, "default")
        if "action" not in inner:
            reader.problem(node, "default needs an action: deny or escalate")
        approve_node = inner.get("approve", approve_node)
        node = inner.get("action")
    known = (Action.DENY, Action.ESCALATE, Action.ALLOW)
    action = Action.DENY if node is None else reader.choice(node, Action, "default", known)
    if node is not None and action is Action.ALLOW and not acknowledged:
        reader.problem(node, "default: allow also needs acknowledge_default_allow: true")
    if approve_node is None:
        return action or Action.DENY, Approve()
    if action is not Action.ESCALATE:
        reader.problem(approve_node, "approve belongs to default: escalate")
    return action or Action.DENY, read_approve(reader, approve_node)


def _rules(reader: Reader, node: Node) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    ids: dict[str, Rule] = {}
    digests: dict[str, Rule] = {}
    for item in reader.items(node, "rules"):
        rule = read_rule(reader, item)
        if rule is None:
            continue
        twin = digests.setdefault(rule.digest, rule)
        namesake = ids.setdefault(rule.id, rule)
        if twin is not rule:
            reader.problem(item, f"the same rule stands at {twin.position.line}:{twin.position.column}; remove one")
        elif namesake is not rule:
            place = namesake.position
            reader.problem(item, f"the id {rule.id!r} is taken by the rule at {place.line}:{place.column}")
        rules.append(rule)
    return tuple(rules)


def _tests(reader: Reader, node: Node) -> tuple[PolicyTest, ...]:
    read = (read_test(reader, item) for item in reader.items(node, "tests"))
    return tuple(test for test in read if test is not None)
