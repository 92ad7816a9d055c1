#include <cstdio>
#include <vector>

int main() {
    std::vector<long long> numbers(100);
    int n;
    long long sum = 0;
    if (scanf("%d", &n) != 1) return 1;
    for (int i = 0; i < n && scanf("%lld", &numbers.at(i)) == 1; i++) sum += numbers[i];
    printf("%lld %s\n", sum, sum % 2 ? "odd" : "even");
}
