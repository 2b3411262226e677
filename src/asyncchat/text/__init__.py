"""What people read, once for all surfaces: clean text, times and durations, sentences, slash commands."""
