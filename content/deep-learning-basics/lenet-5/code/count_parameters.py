# The trainable parameters of LeNet-5 as published (LeCun et al., 1998, section II.B)

# Which maps of S2 each of the 16 maps of C3 reads (table I of the paper)
c3_inputs = [
    [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 0], [5, 0, 1],
    [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 0], [4, 5, 0, 1], [5, 0, 1, 2],
    [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5],
    [0, 1, 2, 3, 4, 5],
]  # fmt: skip

parameters = {
    "C1": 6 * (5 * 5 * 1 + 1),
    "S2": 6 * 2,  # a coefficient and a bias for each map
    "C3": sum(5 * 5 * len(inputs) + 1 for inputs in c3_inputs),
    "S4": 16 * 2,
    "C5": 120 * (5 * 5 * 16 + 1),
    "F6": 84 * (120 + 1),
}
for layer, count in parameters.items():
    print(f"{layer} {count:7,}")
print(f"all {sum(parameters.values()):6,}")  # 60,000
