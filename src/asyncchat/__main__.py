"""``python -m asyncchat``: the command line, for where the script ``asyncchat`` is not on the path."""

from asyncchat.cli import main

if __name__ == "__main__":
    main()
