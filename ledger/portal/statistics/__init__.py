"""Figures for the work report (统计)."""
