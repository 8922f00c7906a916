"""Replicas as child processes of this one, for a stack that needs no Docker."""

from console.adapters.runtime.local.catalog import Catalog
from console.adapters.runtime.local.runtime import LocalRuntime

__all__ = ["Catalog", "LocalRuntime"]
