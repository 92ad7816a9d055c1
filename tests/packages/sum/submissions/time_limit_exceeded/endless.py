import sys

numbers = list(map(int, sys.stdin.read().split()))[1:]
while len(numbers) > 1000:
    pass
print(sum(numbers), "odd" if sum(numbers) % 2 else "even")
