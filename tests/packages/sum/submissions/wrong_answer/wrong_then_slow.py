import sys

numbers = list(map(int, sys.stdin.read().split()))[1:]
while len(numbers) > 1000:
    pass
print(sum(numbers), "odd" if numbers[0] % 2 or sum(numbers) == 0 else "even")
