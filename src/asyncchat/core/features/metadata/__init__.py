"""Metadata: values under keys that people and rooms carry for programs (draft/metadata)."""
