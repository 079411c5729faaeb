"""A case is registered, changed by one who saw it, and what goes wrong on the way."""

from __future__ import annotations

import datetime

from django.core.management import call_command
from django.db import IntegrityError, connections, transaction
from django.db.models import F

from tests.drivers.applications.django_counter.models import (
    CaseFile,
    CasePerson,
    Person,
    Sentence,
)

ACTED = datetime.date(2024, 5, 1)


def registering(step, using, base):
    cases, people = CaseFile.objects.using(using), Person.objects.using(using)

    def register():
        committed = []
        with transaction.atomic(using):
            case = cases.create(
                case_id=base, case_no=f"(2026)示刑初{base}号", org_code="110100000000"
            )
            person = people.create(pk=base, name="新人", birth_date=datetime.date(1990, 1, 1))
            role = case.roles.create(pk=base, person=person, role="SUSPECT", offence_first=ACTED)
            role.sentences.create(pk=base, result_code="GUILTY", fine="100.00")
            transaction.on_commit(lambda: committed.append(case.pk), using)
        return committed, cases.get(pk=base).people.get().name

    step("register", register)

    def change():
        case = cases.get(pk=base)
        case.cause = "盗窃"
        case.save(update_fields=["cause"])
        case.refresh_from_db()
        return case.cause

    step("change", change)
    seen = cases.filter(pk=base, cause="盗窃")
    step("optimistic", lambda: [seen.update(cause="诈骗"), seen.update(cause="诈骗")])
    step("update-sealed", lambda: cases.filter(pk=2).update(cause="诈骗"))
    terms = Sentence.objects.using(using)
    with transaction.atomic(using):
        longer = terms.filter(term_months__lt=40)
        step("update-f", lambda: longer.update(term_months=F("term_months") + 1))
        step("delete", lambda: longer.delete())
        transaction.set_rollback(True, using)
    step("delete/own", lambda: terms.filter(pk=base).delete())


def many(step, using, base):
    people = Person.objects.using(using)
    fresh = [Person(pk=base + 10 + n, name=f"批{n}") for n in range(50)]
    step("bulk-create", lambda: len(people.bulk_create(fresh, batch_size=20)))

    def renamed():
        for one in fresh:
            one.name += "改"
        return people.bulk_update(fresh, ["name"], batch_size=25)

    step("bulk-update", renamed)
    step("get-or-create", lambda: [made(people.get_or_create(pk=base + n)) for n in (10, 90)])
    step("update-or-create", lambda: [updated(people, base + n) for n in (10, 91)])

    def locked():
        with transaction.atomic(using):
            roles = CasePerson.objects.using(using).filter(pk__in=[1, 3, 17]).order_by("pk")
            plain = list(roles.select_for_update().values_list("pk"))
            return plain, next(iter(roles.select_for_update(skip_locked=True, of=("self",)))).pk

    step("for-update", locked)
    step("counted", lambda: people.filter(pk__gte=base).count())


def made(result):
    return result[0].name, result[1]


def updated(people, pk):
    return made(people.update_or_create(pk=pk, defaults={"name": "更"}))


def failing(step, using, base):
    people = Person.objects.using(using)

    def within_savepoint():
        with transaction.atomic(using):
            people.create(pk=base + 95, name="留")
            try:
                with transaction.atomic(using):
                    people.create(pk=base + 95, name="重")
            except IntegrityError as error:
                seen = error.__cause__.sqlstate
            return seen, people.filter(pk=base + 95).count()

    step("savepoint", within_savepoint)
    zero = F("person_id") / (F("person_id") - F("person_id"))
    step("division", lambda: list(people.values_list(zero)))
    step("after-error", lambda: people.count())


def refused(step, using, base):
    """What the proxy does not serve on these tables; directly it would be served."""
    people = Person.objects.using(using)
    fresh = [Person(pk=base + 96, name="并")]
    for name, ask in (
        ("ignore-conflicts", lambda: len(people.bulk_create(fresh, ignore_conflicts=True))),
        ("explain", lambda: bool(people.explain())),
        # Rows that are not shown may refer to it.
        ("delete-referenced", lambda: people.filter(pk=base).delete()),
    ):
        step(f"refused/{name}", lambda ask=ask: rolled_back(using, ask))
    step("after-refusal", lambda: people.get(pk=3).name)


def rolled_back(using, ask):
    with transaction.atomic(using):
        answer = ask()
        transaction.set_rollback(True, using)
    return answer


def described(step, using, out):
    connection = connections[using]
    with connection.cursor() as cursor:
        look = connection.introspection
        step("tables", lambda: sorted(table.name for table in look.get_table_list(cursor)))
        for table in ("case_person", "case_file"):
            step(f"columns/{table}", lambda t=table: look.get_table_description(cursor, t))
            step(f"constraints/{table}", lambda t=table: look.get_constraints(cursor, t))
            step(f"relations/{table}", lambda t=table: look.get_relations(cursor, t))
    step("inspectdb", lambda: inspected(using, out))


def inspected(using, out):
    call_command("inspectdb", database=using, stdout=out)
    return out.getvalue()
