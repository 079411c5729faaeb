"""Opinions of the procuratorate: drafted, served, answered, pressed for, closed."""
