print(1, min(1000, int(input()) - 1))
