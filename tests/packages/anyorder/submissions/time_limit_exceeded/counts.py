n = int(input())
one = other = 1
while one + other < n:
    other += 1
print(one, other)
