low, high, said = 1, 1000, ""
while said != "correct":
    middle = (low + high) // 2
    print(middle, flush=True)
    said = input()
    if said == "higher":
        low = middle + 1
    else:
        high = middle - 1
