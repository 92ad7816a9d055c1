input()
total = sum(map(int, input().split()))
print(total, "odd" if total % 2 else "even")
