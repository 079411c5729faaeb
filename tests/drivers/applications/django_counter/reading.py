"""Pages, filters, joins, sums: what a counter's screens ask."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, ExtractYear, Length, Lower, RowNumber, TruncYear

from tests.drivers.applications.django_counter.models import (
    CaseFile,
    CasePerson,
    Person,
    Sentence,
    Victim,
)


def lists(step, using):
    people = Person.objects.using(using).order_by("person_id")
    pages = Paginator(people, 4)
    step("pages", lambda: (pages.count, pages.num_pages))
    for page in pages.page_range:
        step(f"page/{page}", lambda page=page: [p.name for p in pages.page(page)])
    for name, condition in (
        ("exact", Q(name="丙成年")),
        ("iexact", Q(name__iexact="丙成年")),
        ("contains", Q(name__contains="年")),
        ("icontains", Q(name__icontains="成")),
        ("startswith", Q(name__startswith="甲")),
        ("regex", Q(name__regex="^[甲乙]")),
        ("in", Q(pk__in=[1, 3, 9, 17])),
        ("range", Q(birth_date__range=("2000-01-01", "2005-01-01"))),
        ("year", Q(birth_date__year=2004)),
        ("month", Q(birth_date__month=5)),
        ("isnull", Q(id_no__isnull=True)),
        ("or", Q(gender="2") | Q(birth_date__lt="1990-01-01")),
        ("not", ~Q(gender="1")),
        ("across", Q(roles__role="CONVICT")),
        ("across-twice", Q(roles__sentences__term_months__gt=40)),
        ("across-null", Q(roles__isnull=True)),
        ("related-in", Q(cases__in=CaseFile.objects.filter(cause="盗窃"))),
        ("field", Q(pk=F("roles__case_id"))),
    ):
        found = people.filter(condition).distinct().values_list("pk", "name")
        step(f"filter/{name}", lambda found=found: list(found))
        step(f"exclude/{name}", lambda c=condition: list(people.exclude(c).values_list("pk")))
    step("exists", lambda: [people.filter(name=n).exists() for n in ("甲一", "甲三", "无")])
    step("get", lambda: Person.objects.using(using).get(name="甲一"))
    step("first-last", lambda: (people.first().name, people.last().name, people.latest("pk").pk))
    step("in-bulk", lambda: sorted(people.in_bulk([1, 2, 3, 4, 5])))
    step("dates", lambda: list(people.dates("birth_date", "year")))
    step("iterator", lambda: [p.pk for p in people.iterator(chunk_size=3)])
    step("only", lambda: [(p.pk, p.id_no) for p in people.only("name")])
    raw = "SELECT person_id, name FROM person WHERE gender = %s ORDER BY person_id"
    step("raw", lambda: [p.name for p in people.raw(raw, ["1"])])


def joins(step, using):
    roles = CasePerson.objects.using(using).order_by("cp_id")
    related = roles.select_related("person", "case")
    step("select-related", lambda: [(r.pk, r.person.name, r.case.case_no) for r in related])
    cases = CaseFile.objects.using(using).order_by("case_id")
    deep = cases.prefetch_related("people", "roles__sentences", "victims")
    step(
        "prefetch",
        lambda: [
            (c.pk, c.label, sorted(p.name for p in c.people.all()), c.victims.count()) for c in deep
        ],
    )
    adult = Prefetch("roles", roles.filter(role="CONVICT"), to_attr="convicts")
    step(
        "prefetch/to-attr", lambda: [(c.pk, len(c.convicts)) for c in cases.prefetch_related(adult)]
    )
    victims = Victim.objects.using(using).order_by("pk")
    step("masked", lambda: list(victims.values_list("pk", "name", "school")))
    step("masked/filter", lambda: list(victims.filter(name="某某").values_list("pk")))


def sums(step, using):
    roles, terms = CasePerson.objects.using(using), Sentence.objects.using(using)
    year = ExtractYear("offence_first")
    per_year = roles.annotate(y=year).values("y").annotate(n=Count("pk")).order_by("y")
    step("per-year", lambda: list(per_year.values_list("y", "n")))
    trunc = terms.annotate(y=TruncYear("effective_on")).values("y").order_by("y")
    step("per-year/terms", lambda: list(trunc.annotate(Sum("term_months"), Avg("term_months"))))
    step("aggregate", lambda: terms.aggregate(Sum("fine"), n=Count("pk"), m=Avg("term_months")))
    filtered = Count("pk", filter=Q(penalty_kind="LIFE"))
    step("aggregate/filter", lambda: terms.aggregate(n=filtered))
    cases = CaseFile.objects.using(using)
    step(
        "annotate",
        lambda: list(cases.annotate(n=Count("roles")).order_by("pk").values_list("pk", "n")),
    )
    many = cases.annotate(n=Count("roles", distinct=True)).filter(n__gte=1).order_by("pk")
    step("having", lambda: list(many.values_list("pk", "n")))
    row = Window(RowNumber(), partition_by="role", order_by="cp_id")
    step("window", lambda: list(roles.annotate(r=row).order_by("pk").values_list("pk", "r")))
    top = roles.annotate(r=row).filter(r__lte=2).order_by("pk")
    step("window/filter", lambda: list(top.values_list("pk", "r")))
    sentenced = Exists(terms.filter(cp=OuterRef("pk"), term_months__gt=36))
    step("exists-of", lambda: list(roles.filter(sentenced).order_by("pk").values_list("pk")))
    latest = terms.filter(cp=OuterRef("pk")).order_by("-effective_on").values("term_months")[:1]
    beside = roles.annotate(t=Coalesce(Subquery(latest), Value(0))).order_by("pk")
    step("subquery", lambda: list(beside.values_list("pk", "t")))
    kind = Case(When(term_months__gt=36, then=Value("long")), default=Value("short"))
    kinds = terms.annotate(k=kind).values("k").annotate(n=Count("pk")).order_by("k")
    step("case", lambda: list(kinds.values_list("k", "n")))
    people = Person.objects.using(using).values_list("name")
    both = people.filter(pk__lt=10).union(people.filter(gender="1")).order_by("name")
    step("union", lambda: list(both))
    step(
        "functions",
        lambda: list(people.annotate(low=Lower("name"), n=Length("name")).order_by("pk")),
    )
    step(
        "distinct-on", lambda: list(roles.order_by("role", "pk").distinct("role").values_list("pk"))
    )
