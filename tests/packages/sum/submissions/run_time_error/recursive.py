import sys


def total(numbers):
    return numbers[0] + total(numbers[1:]) if numbers else 0


found = total(list(map(int, sys.stdin.read().split()))[1:])
print(found, "odd" if found % 2 else "even")
