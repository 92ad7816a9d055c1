"""Answers guesses: 42 when the number was found in ten, else 43."""

import sys


def answer(guess, secret):
    if guess == secret:
        return "correct"
    return "lower" if secret < guess else "higher"


def main():
    with open(sys.argv[1]) as file:
        secret = int(file.read())
    for _ in range(10):
        line = sys.stdin.readline().strip()
        if not line.isdigit():
            sys.exit(43)
        print(answer(int(line), secret), flush=True)
        if int(line) == secret:
            sys.exit(42)
    sys.exit(43)


main()
