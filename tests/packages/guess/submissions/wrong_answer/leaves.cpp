#include <cstdio>

int main() { puts("500"); }
