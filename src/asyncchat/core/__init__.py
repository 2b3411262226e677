"""What a chat is: names, commands, events, and the decisions between them.

Pure: no I/O, clock, randomness, logging, asyncio or threads. Time and ids are arguments.
"""
