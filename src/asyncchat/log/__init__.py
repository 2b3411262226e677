"""The ordered record of facts, behind one small port: append, read, state."""
