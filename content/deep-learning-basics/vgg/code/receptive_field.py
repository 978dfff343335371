def receptive_field(layers):
    """Pixels a side that one output unit sees, for layers [(kernel, stride), ...]."""
    field, jump = 1, 1  # jump: input pixels between two neighbouring units
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


conv, pool = (3, 1), (2, 2)
print("two 3x3:", receptive_field([conv, conv]))  # 5
print("three 3x3:", receptive_field([conv] * 3))  # 7

vgg16 = [conv, conv, pool] * 2 + [conv, conv, conv, pool] * 3
print("VGG-16, last pooling:", receptive_field(vgg16))  # 212 of 224 pixels

for channels in (64, 512):
    stack, single = 3 * 3 * 3 * channels**2, 7 * 7 * channels**2
    print(f"{channels} channels: {stack:,} weights in the stack, {single:,} in 7x7")
