#include <cmath>
#include <cstdio>

int main() {
    double x;
    if (scanf("%lf", &x) != 1) return 1;
    printf("%.9f\n", sqrt(x));
    return x == 0;
}
