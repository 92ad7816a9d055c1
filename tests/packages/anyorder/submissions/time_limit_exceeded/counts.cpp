#include <iostream>

int main() {
    int n;
    std::cin >> n;
    volatile int other = 1;
    while (other + 1 < n) {
        for (volatile int i = 0; i < 100; i = i + 1) {}
        other = other + 1;
    }
    std::cout << 1 << " " << other << "\n";
}
