#include <cmath>
#include <cstdio>

int main() {
    double x;
    if (scanf("%lf", &x) != 1) return 1;
    double root = x > 1 ? x : 1;
    for (int i = 0; i < 100; i++) root = (root + x / root) / 2;
    printf("%.9e\n", root);
}
