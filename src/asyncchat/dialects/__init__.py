"""Bytes to values and back, one package or module for each dialect. Pure, sans-I/O."""
