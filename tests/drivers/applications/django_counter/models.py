"""The agency's records as a query counter's application declares them: tables that it does not
make."""

from __future__ import annotations

from django.db import models


class Person(models.Model):
    person_id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=60)
    gender = models.CharField(max_length=1, null=True)
    id_no = models.CharField(max_length=20, null=True)
    birth_date = models.DateField(null=True)

    class Meta:
        app_label = "django_counter"
        managed = False
        db_table = "person"


class CaseFile(models.Model):
    case_id = models.BigIntegerField(primary_key=True)
    case_no = models.CharField(max_length=60, unique=True)
    case_kind = models.CharField(max_length=2, default="01")
    cause = models.CharField(max_length=100, null=True)
    org_code = models.CharField(max_length=12)
    incident_date = models.DateField(null=True)
    label = models.CharField(max_length=40, null=True)
    people = models.ManyToManyField(Person, through="CasePerson", related_name="cases")

    class Meta:
        app_label = "django_counter"
        managed = False
        db_table = "case_file"


class CasePerson(models.Model):
    cp_id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(CaseFile, models.CASCADE, related_name="roles")
    person = models.ForeignKey(Person, models.CASCADE, related_name="roles")
    role = models.CharField(max_length=12)
    offence_first = models.DateField(null=True)
    optout_approved = models.BooleanField(default=False)

    class Meta:
        app_label = "django_counter"
        managed = False
        db_table = "case_person"


class Sentence(models.Model):
    sent_id = models.BigIntegerField(primary_key=True)
    cp = models.ForeignKey(CasePerson, models.CASCADE, related_name="sentences")
    result_code = models.CharField(max_length=16)
    penalty_kind = models.CharField(max_length=10, null=True)
    term_months = models.IntegerField(null=True)
    fine = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    effective_on = models.DateField(null=True)
    is_effective = models.BooleanField(default=True)

    class Meta:
        app_label = "django_counter"
        managed = False
        db_table = "sentence"


class Victim(models.Model):
    victim_id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(CaseFile, models.CASCADE, related_name="victims")
    name = models.CharField(max_length=60, null=True)
    school = models.CharField(max_length=100, null=True)

    class Meta:
        app_label = "django_counter"
        managed = False
        db_table = "victim"
