#include <cstdio>

int main() {
    int n;
    unsigned sum = 0;
    int x;
    if (scanf("%d", &n) != 1) return 1;
    while (n-- > 0 && scanf("%d", &x) == 1) sum += x;
    printf("%d %s\n", (int)sum, sum % 2 ? "odd" : "even");
}
