#include "total.h"

long long total(std::istream &in) {
    long long n, sum = 0, x;
    in >> n;
    while (n-- > 0 && in >> x) sum += x;
    return sum;
}
