import numpy as np


def convolve(image, kernel):
    """Slide kernel [k, k] over image [height, width]; stride 1, no padding."""
    k = kernel.shape[0]
    height = image.shape[0] - k + 1
    width = image.shape[1] - k + 1
    output = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            output[i, j] = np.sum(image[i : i + k, j : j + k] * kernel)
    return output


def max_pool(image, size=2):
    """The largest value of each size-by-size block of image [height, width]."""
    height, width = image.shape[0] // size, image.shape[1] // size
    blocks = image[: height * size, : width * size].reshape(height, size, width, size)
    return blocks.max(axis=(1, 3))


image = np.zeros((6, 6))
image[:, 3:] = 1.0  # dark on the left, bright on the right
kernel = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])

print(convolve(image, kernel))  # every row is 0, 3, 3, 0: the edge is found
print(max_pool(convolve(image, kernel)))  # 3 everywhere: "there is an edge here"
