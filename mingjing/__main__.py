"""`python -m mingjing` is `mingjing`."""

from mingjing.cli import main

if __name__ == "__main__":
    main()
