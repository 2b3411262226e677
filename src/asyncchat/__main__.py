"""``python -m asyncchat``: the command line, where the script ``asyncchat`` is not on the path."""

from asyncchat.cli import main

if __name__ == "__main__":
    main()
