#include <cmath>
#include <cstdio>

int main() {
    double x;
    if (scanf("%lf", &x) != 1) return 1;
    printf("%.1f\n", x < 1 ? x : sqrt(x));
}
