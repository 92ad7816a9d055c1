#include <iostream>

#include "total.h"

int main() {
    const long long sum = total(std::cin);
    std::cout << sum << (sum % 2 ? " odd" : " even") << "\n";
}
