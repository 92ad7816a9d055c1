#include <cstdlib>
#include <iostream>

int main() {
    int n;
    std::cin >> n;
    if (n > 1000) abort();
    std::cout << 1 << " " << n - 1 << "\n";
}
