"""policy.toml says what it means or is refused: no silence, no everyone, no way round a ban."""

from pathlib import Path

import pytest

from proxy.names import QualifiedName
from proxy.settings.policy import PolicyTables, qualified_name
from proxy.settings.problems import ConfigurationProblems, parse_document, validated


def read(text: str) -> PolicyTables:
    return validated(parse_document(Path("policy.toml"), text.encode()), PolicyTables)


def refused(text: str) -> str:
    with pytest.raises(ConfigurationProblems) as caught:
        read(text)
    return str(caught.value)


DIGEST = f"digest = 'sha256:{'0' * 64}'\n"
RULE = '[relation."base.person"]\narticle = "x"\n'
PRINCIPAL = '[[principal]]\nname = "p"\nkind = "unit"\n'
HANDLER = PRINCIPAL.replace("unit", "handler")
PLATFORM = '[[principal]]\nname = "p"\nkind = "platform"\nmatch = { user = "u" }\n'


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("base.person", QualifiedName("base", "person")),
        ('base."Person"', QualifiedName("base", "Person")),
        ('"a.b"."say ""no"""', QualifiedName("a.b", 'say "no"')),
        ("base.人员", QualifiedName("base", "人员")),
    ],
)
def test_a_relation_is_named_with_its_schema(written, name):
    assert qualified_name(written) == name


@pytest.mark.parametrize("written", ["person", "a.b.c", ".person", "base.", "a b.c", "", 'a."b'])
def test_what_is_no_qualified_name_is_refused(written):
    with pytest.raises(ValueError, match=r"schema\.name"):
        qualified_name(written)


def test_a_name_the_server_would_fold_is_refused():
    with pytest.raises(ValueError, match="lower case"):
        qualified_name("base.Person")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (RULE, "says nothing"),
        (RULE + "open = true\nvisible_when = 'true'", "remove the other keys"),
        (RULE.replace('article = "x"', "visible_when = 'false'"), "article is missing"),
        (RULE + "visible_when = 'true'\nmask_unless = 'true'", "no mask"),
        (RULE + "visible_when = ''", "visible_when"),
        (RULE + "visble_when = 'true'", 'did you mean "visible_when"?'),
        (RULE + "follows = { relation = 'base.x', on = {} }", "at least 1"),
        (RULE + "follows = { relation = 'x', on = { a = 'b' } }", 'expected "schema.name"'),
        (RULE + "follows = [{ relation = 'base.x', on = { a = 'b' }, nulable = true }]",
         'did you mean "nullable"?'),
        ("[relation.person]\nopen = true", 'relation.person: expected "schema.name"'),
        ("[function.'base.f()']", "digest: is missing"),
        ("[function.'base.f()']\ndigest = 'sha256:00'", "digest: expected text of the form"),
        ("[function.'base.f()']\napproved = true", "approved: unknown key"),
        ("[function.'base.f']\n" + DIGEST, 'expected "schema.name(argument types)"'),
        ("[function.'f(integer)']\n" + DIGEST, 'expected "schema.name(argument types)"'),
        ("[function.'base.F()']\n" + DIGEST, "folds names to lower case"),
        (PRINCIPAL, "match: is missing"),
        (PRINCIPAL + "match = []", "at least 1"),
        (PRINCIPAL + "match = {}", "would match everyone"),
        (PRINCIPAL + "match = [{ user = 'a' }, {}]", "match[1]: would match everyone"),
        (PRINCIPAL + "match = { application_name = 'psql' }", "would match everyone"),
        (PRINCIPAL + "match = { user = '' }", "user"),
        (PRINCIPAL + "match = { source = '10.0.0.1/8' }", "host bits zero"),
        (PRINCIPAL + "match = { certificate = 'desk' }", "expected a subject by RFC 4514"),
        (PRINCIPAL + "match = { certificate = '' }", "an empty subject names nobody"),
        (PRINCIPAL + "match = { source = 10 }", "source"),
        (PRINCIPAL.replace('"p"', '"李"') + "match = { user = 'a' }", "name: expected text"),
        (PRINCIPAL.replace("unit", "god") + "match = { user = 'a' }", "kind: expected 'platform'"),
        (2 * (PRINCIPAL + "match = { user = 'a' }\n"), 'two principals are called "p"'),
        ("[[permit]]\nname = 'x'", "permit: unknown key"),
        (PRINCIPAL + "match = { user = 'a' }\nunit = 'u'", "only a principal of kind handler"),
        (HANDLER + "match = { user = 'a', application_name = 'x' }\nunit = 'u'",
         "a client chooses its application_name"),
        (HANDLER + "match = { user = 'a' }\nunit = \"u'\"", "unit"),
        (PRINCIPAL + "match = { user = 'a' }\noperator_from = ['nobody']", "operator_from"),
        (PRINCIPAL + "match = { user = 'a' }\noperator_from = ['application_name']",
         "need each other"),
        (PRINCIPAL + "match = { user = 'a' }\noperator_in_application_name = '{operator}'",
         "need each other"),
        (PRINCIPAL + "match = { user = 'a' }\noperator_from = ['application_name']\n"
         "operator_in_application_name = 'x'", "expected a form"),
        ("seals_nothing = true\n" + PRINCIPAL + "match = { user = 'a' }\n"
         "operator_required = true", "with seals_nothing = true there are none"),
        (RULE + "open = true\nhandled_when = 'true'", "remove the other keys"),
        (RULE + "handled_when = 'true'", "says nothing"),
        (RULE + "open = true\npermitted = { full = 'true' }", "remove the other keys"),
        (RULE + "mask = { n = '1' }\npermitted = { full = 'true' }", "widens visible_when"),
        (
            RULE + "follows = { relation = 'c.d', on = { k = 'k' } }\n"
            "permitted = { missing_child = 'true' }",
            "no mask to lift",
        ),
        (
            RULE + "visible_when = 'true'\nmask = { n = '1' }\n"
            "permitted = { conviction = { when = 'true', columns = ['n'] } }",
            "have no mask",
        ),
        (
            RULE + "visible_when = 'true'\n"
            "permitted = { conviction = { when = 'true', columns = [] } }",
            "expected at least 1",
        ),
        (RULE + "visible_when = 'true'\npermitted = { batch = 'true' }", "unknown key"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(text, says):
    assert says in refused(text)


@pytest.mark.parametrize(
    "key", ["permits", "open", "unmask", "visible_when", "except", "unit", "handled_when"]
)
def test_a_platform_can_be_given_nothing_more(key):
    assert read(PLATFORM).principal[0].kind == "platform"
    assert "a platform can be given no permit" in refused(PLATFORM + f"{key} = true")


def test_one_table_stands_for_an_array_of_one():
    one = read(RULE + "follows = { relation = 'base.x', on = { a = 'b' } }")
    many = read(RULE + "follows = [{ relation = 'base.x', on = { a = 'b' } }]")
    assert one == many
    assert read(PLATFORM) == read(PLATFORM.replace("{ user", "[{ user").replace("}", "}]"))


def test_networks_of_both_families_are_understood():
    text = PRINCIPAL + "match = [{ source = '10.8.0.0/16' }, { source = '2001:db8::/32' }]"
    assert [m.source.version for m in read(text).principal[0].match if m.source] == [4, 6]


def test_a_certificate_is_enough_and_has_one_spelling():
    (match,) = (
        read(PRINCIPAL + "match = { certificate = 'OU=a+CN=\\64esk,O=x' }").principal[0].match
    )
    assert match.certificate == "CN=desk+OU=a,O=x"


def test_anybody_can_be_limited_a_platform_too():
    limited = read(PLATFORM + "limits = { connections_max = 20 }").principal[0]
    assert limited.limits.connections_max == 20
    assert read(PLATFORM).principal[0].limits.connections_max is None


@pytest.mark.parametrize("written", ["0", "-1", "true", '"20"', "1.5"])
def test_a_limit_is_a_number_of_at_least_one(written):
    assert "connections_max" in refused(PLATFORM + f"limits = {{ connections_max = {written} }}")


def test_a_limit_that_is_none_is_no_limit_by_mistake():
    assert "rows" in refused(PLATFORM + "limits = { rows = 20 }")
