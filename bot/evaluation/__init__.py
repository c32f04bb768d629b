"""Measuring the whole bot on questions with known answers: run, metrics, report."""
