// SPDX-License-Identifier: Apache-2.0
// Nothing: what every program costs.
int main() {}
