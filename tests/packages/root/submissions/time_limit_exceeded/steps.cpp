#include <cstdio>

int main() {
    double x;
    if (scanf("%lf", &x) != 1) return 1;
    volatile double root = 0;
    while ((root + 1e-9) * (root + 1e-9) <= x) root = root + 1e-9;
    printf("%.9f\n", root);
}
