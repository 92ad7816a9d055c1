guess, said = 1, ""
while said != "correct":
    print(guess, flush=True)
    said = input()
    guess += 1
