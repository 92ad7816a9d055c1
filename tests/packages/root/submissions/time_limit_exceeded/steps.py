x = float(input())
root = 0.0
while (root + 1e-8) ** 2 <= x:
    root += 1e-8
print(root)
