"""Whole screens: live, logs, history, receipt, replicas, help."""
