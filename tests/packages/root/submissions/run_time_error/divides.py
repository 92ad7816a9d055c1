x = float(input())
root = x
for _ in range(100):
    root = (root + x / root) / 2
print(root)
